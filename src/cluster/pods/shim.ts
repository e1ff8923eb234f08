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
