import { once } from "node:events";
import { CommandError } from "./command.ts";
import { startProgram } from "./program.ts";

export interface MachineOptions {
  /** What `hostname` says in it. */
  hostname: string;
  /** Directories directly below /run that the machine shares with its creator; the rest of its /run is its own and empty. */
  sharedRun: readonly string[];
  /** An existing empty directory where the machine's /run is put together (in its own mount namespace: nothing is seen outside). */
  staging: string;
}

/**
 * A machine made of namespaces: network, mounts, processes and host name, and a tiny init. It lasts as long as its init: killing that
 * makes the kernel kill every process, and with the last one the links, rules and mounts go.
 */
export interface Machine {
  readonly hostname: string;
  /** Process id of init, as its creator sees it. /proc/PID/ns/* are the machine's namespaces. */
  readonly pid: number;
  /** Path of its network namespace. */
  readonly network: string;
  /** Resolves when init is gone, and with it everything in the machine. */
  readonly gone: Promise<void>;
  /** The program and arguments that run a command in the machine. */
  enter(command: readonly string[]): [string, ...string[]];
  kill(): Promise<void>;
}

/**
 * Init: gives the machine a /proc, a /run and a name of its own, tells its process id, and then only reaps orphans (a shell in `wait`
 * collects every child that dies). /proc still is the creator's when the process id is read.
 */
const init = `set -eu
read -r pid _ </proc/self/stat
echo "$1" >/proc/sys/kernel/hostname
staging=$2
shift 2
mount --no-mtab -t tmpfs -o mode=0755 run "$staging"
for directory; do
  mkdir -p "$staging/\${directory#/run/}"
  mount --no-mtab --rbind "$directory" "$staging/\${directory#/run/}"
done
mount --no-mtab --move "$staging" /run
mount --no-mtab -t proc proc /proc
echo "$pid"
exec </dev/null >/dev/null 2>&1
exec sh -c 'while :; do sleep 2147483647 & wait $!; done' init`;

/** Makes a machine; resolves when its init is ready. The machine dies with its creator's process as well. */
export async function createMachine({ hostname, sharedRun, staging }: MachineOptions): Promise<Machine> {
  const namespaces = ["--mount", "--pid", "--uts", "--ipc", "--net"];
  const args = [
    ...namespaces,
    "--fork",
    "--kill-child",
    "--",
    "sh",
    "-c",
    init,
    "init",
    hostname,
    staging,
    ...sharedRun,
  ];
  const child = await startProgram("unshare", args, { newSession: true });
  const gone = child.ended.then(() => {});
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  child.stdout.setEncoding("utf8").resume();
  const told = await Promise.race([
    once(child.stdout, "data").then(([line]: unknown[]) => Number(line)),
    gone.then(() => Number.NaN),
  ]);
  if (!Number.isInteger(told))
    throw new CommandError(`unshare (machine ${hostname})`, (await child.ended).code, stderr);
  return {
    hostname,
    pid: told,
    network: `/proc/${told}/ns/net`,
    gone,
    enter: (command) => enterNamespaces(told, command),
    kill: async () => {
      signal(told, "SIGKILL");
      await gone;
    },
  };
}

/** How a command runs in the machine whose init is `pid`. `proc` is where the /proc is mounted that knows this process id. */
export function enterNamespaces(pid: number, command: readonly string[], proc = "/proc"): [string, ...string[]] {
  const namespace = (option: string, file: string) => `--${option}=${proc}/${pid}/ns/${file}`;
  return [
    "nsenter",
    namespace("mount", "mnt"),
    namespace("uts", "uts"),
    namespace("ipc", "ipc"),
    namespace("net", "net"),
    namespace("pid", "pid"),
    "--",
    ...command,
  ];
}

/** Sends a signal to a process (or, negative, a group); one that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
