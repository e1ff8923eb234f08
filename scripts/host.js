// The make-believe host in which tests and benchmarks run their clusters.

/**
 * A network namespace with loopback only, so that nothing that runs in it can send beyond it; a /run and process ids of its own, so that its
 * clusters never meet those of the person at the machine, and all of it ends with the program. Returns program and arguments to spawn.
 */
export function insideHost(program, args) {
  const script = 'mount -t tmpfs tmpfs /run && ip link set lo up && exec "$0" "$@"';
  const namespaces = [
    "--net",
    "--mount",
    "--propagation",
    "private",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
  ];
  return ["unshare", [...namespaces, "sh", "-c", script, program, ...args]];
}
