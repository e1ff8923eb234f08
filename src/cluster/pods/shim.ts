/**
 * The process that stands over each container: started by the agent but not its child for long, it forks PID 1 of a new PID namespace,
 * writes down its process id, waits, and writes down how it ended. It never forks again, so it needs nothing but built-in commands.
 *
 * Arguments: the container's id, the process that holds the template mount namespace.
 */
export function shimScript(root: string): string {
  // Nothing may be ignored here: what is ignored when a shell starts it cannot trap, and the demo container's PID 1 is a shell.
  return `cd ${root} || exit 1
exec </dev/null >>logs/$1.log 2>&1
nsenter --mount=/proc/$2/ns/mnt unshare --mount --uts --ipc sh ${root}/containers/$1/init.sh &
echo $! >state/$1.pid
wait $!
echo $? >state/$1.exit
`;
}

/**
 * The process whose mount namespace is the pattern for those of all containers: the node's own, without the mount point that every Pod's
 * network namespace has there. Copying hundreds of them into each of hundreds of containers would cost the square.
 */
export function templateCommand(root: string): string {
  const body = [
    "trap '' HUP INT",
    "umount -R -l /run/netns 2>/dev/null",
    `exec 0<>${root}/idle`,
    `echo $$ >${root}/template.pid`,
    `: ${templateMark}`,
    "while :; do read -r line; done",
  ].join("; ");
  return `unshare --mount --propagation private sh -c '${body.replaceAll("'", "'\\''")}' </dev/null >/dev/null 2>&1 &`;
}

/** Found in the command line of the template process: its id alone could be another process's by now. */
export const templateMark = "fairway-template";
