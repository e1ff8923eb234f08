/**
 * The shell scripts that become a container. They run inside of the container's fresh mount, UTS, IPC and PID namespaces; the last thing
 * they do is to become the program (or, for a demo container, to wait for a signal), which so is PID 1.
 */
import type { ContainerMount, ContainerSpec } from "./container-spec.ts";
import type { NodePaths } from "./node-paths.ts";
import { quote } from "./script.ts";

export interface RootOptions {
  /** Host directories on file systems of their own, bound read-only into every container: an overlay does not cross mounts. */
  extraMounts: string[];
  /** Host directories that containers must not see, such as the cluster's data directory. */
  masks: string[];
}

/** Size limit of all that a container writes outside of its volumes. */
const scratchSize = "512m";

/** What a container's PID 1 runs. Its standard input is /dev/null, its output the container's log. */
export function initScript(spec: ContainerSpec, paths: NodePaths, options: RootOptions): string {
  const head = [
    `exec 4>${quote(paths.error(spec.id))}`,
    `fail() { echo "$1" >&4; exit 128; }`,
    `echo ${quote(spec.hostname)} >/proc/sys/kernel/hostname`,
  ];
  if (spec.launch.kind === "demo")
    return [
      ...head,
      // The program runs in the demo server; this is what signals are sent to. A shell that waits for input can be interrupted by a signal.
      "exec 4>&-",
      `exec 0<>${quote(paths.idle)}`,
      "trap 'exit 143' TERM",
      "while :; do read -r line; done",
      "",
    ].join("\n");
  // The path is out of sight once the root has changed; the open descriptor is not.
  const tell = `exec 5>${quote(paths.rooted(spec.id))}`;
  return [...head, tell, ...rootCommands(spec, paths, options), ...programCommands(spec, spec.launch.argv), ""].join(
    "\n",
  );
}

/**
 * Gives a demo container its root file system the first time that somebody enters it. Runs in the namespaces of the container; pivot_root
 * takes the waiting PID 1 along.
 */
export function lateRootScript(spec: ContainerSpec, paths: NodePaths, options: RootOptions): string {
  return [
    `fail() { echo "$1"; exit 128; }`,
    `[ -e ${quote(paths.rooted(spec.id))} ] && exit 0`,
    ...rootCommands(spec, paths, options, `: >${quote(paths.rooted(spec.id))}`),
    "",
  ].join("\n");
}

function rootCommands(spec: ContainerSpec, paths: NodePaths, options: RootOptions, beforePivot?: string): string[] {
  const scratch = quote(paths.scratch(spec.id));
  const etc = quote(spec.etc);
  return [
    `s=${scratch}; umask 022; mkdir -p $s`,
    `mount -t tmpfs -o mode=0755,size=${scratchSize} scratch $s || fail "cannot mount a tmpfs on $s"`,
    "mkdir -p $s/upper/etc $s/work $s/root $s/run; mkdir -m 1777 $s/tmp",
    `cp ${etc}/hosts ${etc}/hostname ${etc}/resolv.conf $s/upper/etc/ || fail "cannot copy the Pod's /etc files"`,
    // The old root must be out of sight of the container, and its own root must be able to hold any mount point.
    "if mount -t overlay -o lowerdir=/,upperdir=$s/upper,workdir=$s/work overlay $s/root; then",
    "  mkdir $s/root/.old",
    "else",
    ...withoutOverlay(),
    "fi",
    ...(beforePivot === undefined ? [] : [beforePivot]),
    'cd $s/root && pivot_root . .old && cd / || fail "cannot change the root directory"',
    'mount -t proc proc /proc || fail "cannot mount /proc"',
    ...protectProc,
    'mount -t sysfs -o ro sysfs /sys || fail "cannot mount /sys"',
    'mount -t tmpfs -o mode=0755,size=1m dev /dev || fail "cannot mount /dev"',
    "for d in null zero full random urandom tty; do [ -e /.old/dev/$d ] && cp -a /.old/dev/$d /dev/; done",
    "mkdir -p /dev/pts; mkdir -m 1777 -p /dev/shm",
    "ln -s /proc/self/fd /dev/fd; ln -s fd/0 /dev/stdin; ln -s fd/1 /dev/stdout; ln -s fd/2 /dev/stderr; ln -s pts/ptmx /dev/ptmx",
    "mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts /dev/pts",
    `mount --bind /.old$s/tmp /tmp && mount --bind /.old$s/run /run || fail "cannot mount /tmp and /run"`,
    ...options.extraMounts.map(
      (path) => `[ -d ${quote(path)} ] && mount -o bind,ro ${quote(`/.old${path}`)} ${quote(path)}`,
    ),
    ...options.masks.map((path) => `[ -d ${quote(path)} ] && mount -t tmpfs -o ro,size=4k,mode=0 mask ${quote(path)}`),
    ...spec.mounts.flatMap(mountCommands),
    "umount -l /.old && rmdir /.old 2>/dev/null",
    ...(spec.readOnlyRoot ? ['mount -o remount,ro / || fail "cannot make the root file system read-only"'] : []),
  ];
}

/**
 * Not everything in /proc belongs to a namespace: the kernel's settings are the host's. Read-only or out of sight, as in the OCI runtime
 * specification's default paths; a container has no right to mount over it.
 */
const protectProc = [
  "for d in bus fs irq sys sysrq-trigger; do",
  '  [ ! -e /proc/$d ] || mount -o bind,ro /proc/$d /proc/$d || fail "cannot protect /proc/$d"',
  "done",
  "for d in kcore keys latency_stats timer_list sched_debug; do",
  '  [ ! -e /proc/$d ] || mount --bind /.old/dev/null /proc/$d || fail "cannot hide /proc/$d"',
  "done",
];

/** Where overlays are not possible the host's root is bound read-only: mount points and /etc files must exist, /tmp and /run are writable. */
function withoutOverlay(): string[] {
  return [
    '  mount --bind / $s/root && mkdir -p $s/root/.old && mount -o remount,bind,ro $s/root || fail "cannot bind the root directory"',
    '  for f in hosts hostname resolv.conf; do mount --bind $s/upper/etc/$f $s/root/etc/$f || fail "cannot bind /etc/$f"; done',
  ];
}

function mountCommands(mount: ContainerMount): string[] {
  const target = quote(mount.target);
  const source = quote(`/.old${mount.source}`);
  const failed = `|| fail ${quote(`cannot mount ${mount.source} on ${mount.target}`)}`;
  const parent = quote(mount.target.replace(/\/[^/]*\/*$/, "") || "/");
  return [
    mount.file
      ? `mkdir -p ${parent} && { [ -e ${target} ] || : >${target}; } ${failed}`
      : `mkdir -p ${target} ${failed}`,
    `mount -o bind${mount.readOnly ? ",ro" : ""} ${source} ${target} ${failed}`,
  ];
}

function programCommands(spec: ContainerSpec, argv: string[]): string[] {
  const [program = "", ...args] = argv;
  const missing = `exec: ${JSON.stringify(program)}: executable file not found in $PATH`;
  const directory = spec.workingDir ?? "/";
  return [
    // As container engines do, a working directory that is not there is made.
    `mkdir -p ${quote(directory)} 2>/dev/null; cd ${quote(directory)} || fail ${quote(`cannot enter the working directory ${directory}`)}`,
    `PATH=${quote(spec.env.PATH ?? "")}; export PATH; command -v ${quote(program)} >/dev/null || fail ${quote(missing)}`,
    "echo 1 >&5",
    `exec ${enterCommand(spec, [program, ...args])
      .map(quote)
      .join(" ")} 4>&- 5>&-`,
  ];
}

/** Becomes a program with the container's environment and identity, from within its namespaces. `env` also undoes what the shim ignored. */
export function enterCommand(
  spec: Pick<ContainerSpec, "env" | "process">,
  argv: readonly string[],
  directory?: string,
): string[] {
  const variables = Object.entries(spec.env).map(([name, value]) => `${name}=${value}`);
  const flags = ["--default-signal", "-i", ...(directory === undefined ? [] : [`--chdir=${directory}`])];
  return ["/usr/bin/env", ...flags, ...variables, ...identityCommand(spec), ...argv];
}

function identityCommand({ process }: Pick<ContainerSpec, "process">): string[] {
  const { user, group, supplementaryGroups, noNewPrivileges, capabilities } = process;
  const flags: string[] = [];
  if (user !== undefined) flags.push(`--reuid=${user}`);
  // Kubernetes: a container that names a user but no group runs with group 0.
  if (group !== undefined || user !== undefined) flags.push(`--regid=${group ?? 0}`);
  if (supplementaryGroups.length > 0) flags.push(`--groups=${supplementaryGroups.join(",")}`);
  else if (user !== undefined || group !== undefined) flags.push("--clear-groups");
  if (capabilities !== undefined) {
    const set = ["-all", ...capabilities.map((name) => `+${name}`)].join(",");
    flags.push(`--bounding-set=${set}`, `--inh-caps=${set}`);
  }
  if (noNewPrivileges) flags.push("--no-new-privs");
  return flags.length === 0 ? [] : ["/usr/bin/setpriv", ...flags];
}
