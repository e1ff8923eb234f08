/**
 * Starts programs by posix_spawn(3). Node starts them by fork(2), which copies the page tables of the whole process, and has both copy every page that they
 * touch before the program is there: 4 to 8 ms of CPU for a process like ours, where this takes one. A boot starts a hundred programs.
 */
import { constants } from "node:os";
import { getSystemErrorMessage, getSystemErrorName } from "node:util";
import koffi from "koffi";

/** How a program ended: by itself with a status, or by a signal. */
export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface SpawnOptions {
  env: NodeJS.ProcessEnv;
  /** Becomes its standard input; /dev/null when absent. */
  stdin?: number;
  /** Become its standard output and standard error. */
  stdout: number;
  stderr: number;
  /** Makes it the leader of a session of its own (setsid(2)). */
  newSession?: boolean;
}

// spawn.h and fcntl.h of the C libraries of Linux. Their structures are opaque, and smaller than this.
const structureSize = 1024;
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;
const O_CLOEXEC = 0o2000000;
const WNOHANG = 1;
/** sigset_t: a bit a signal. */
const noSignals = Buffer.alloc(128);
const allSignals = Buffer.alloc(128, 0xff);

const libc = koffi.load(null);
const pipe2 = libc.func("int pipe2(_Out_ int *ends, int flags)");
const waitpid = libc.func("int waitpid(int pid, _Out_ int *status, int options)");
const spawnp = libc.func(
  "int posix_spawnp(_Out_ int *pid, const char *file, void *actions, void *attributes, const char **argv, const char **envp)",
);
const initActions = libc.func("int posix_spawn_file_actions_init(void *actions)");
const addOpen = libc.func(
  "int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, unsigned int mode)",
);
const addDup2 = libc.func("int posix_spawn_file_actions_adddup2(void *actions, int fd, int target)");
const destroyActions = libc.func("int posix_spawn_file_actions_destroy(void *actions)");
const initAttributes = libc.func("int posix_spawnattr_init(void *attributes)");
const setFlags = libc.func("int posix_spawnattr_setflags(void *attributes, short flags)");
const setDefaults = libc.func("int posix_spawnattr_setsigdefault(void *attributes, void *signals)");
const setMask = libc.func("int posix_spawnattr_setsigmask(void *attributes, void *signals)");
const destroyAttributes = libc.func("int posix_spawnattr_destroy(void *attributes)");

/**
 * Starts a program, found in the PATH of this process, and returns its process id. Whoever starts it asks for its end (endingOf), or it stays
 * a zombie. It gets no other descriptor, and no signal is blocked or ignored. Throws an Error with the errno's name as `code` (ENOENT, EACCES).
 */
export function posixSpawn(program: string, args: readonly string[], options: SpawnOptions): number {
  const { env, stdin, stdout, stderr, newSession = false } = options;
  const variables = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  // Of a text with a NUL C would take the first part only.
  if ([program, ...args, ...variables].some((text) => text.includes("\0")))
    throw new TypeError(`an argument of ${program} holds a NUL`);
  const actions = Buffer.alloc(structureSize);
  const attributes = Buffer.alloc(structureSize);
  check(initActions(actions), program);
  check(initAttributes(attributes), program);
  try {
    if (stdin === undefined) check(addOpen(actions, 0, "/dev/null", 0, 0), program);
    else check(addDup2(actions, stdin, 0), program);
    check(addDup2(actions, stdout, 1), program);
    check(addDup2(actions, stderr, 2), program);
    // Node ignores SIGPIPE, and what is ignored stays so in a new program.
    check(setFlags(attributes, SETSIGDEF | SETSIGMASK | (newSession ? SETSID : 0)), program);
    check(setDefaults(attributes, allSignals), program);
    check(setMask(attributes, noSignals), program);
    const pid: [number] = [0];
    check(spawnp(pid, program, actions, attributes, [program, ...args, null], [...variables, null]), program);
    return pid[0];
  } finally {
    destroyActions(actions);
    destroyAttributes(attributes);
  }
}

/** These functions return the errno. */
function check(errno: number, program: string): void {
  if (errno === 0) return;
  const code = getSystemErrorName(-errno);
  const message = getSystemErrorMessage(-errno) ?? "unknown error";
  throw Object.assign(new Error(`${program} cannot be started: ${message} (${code})`), { code });
}

/** A pipe whose ends are closed in programs that are started, but for those that they are given. Throws when there are no descriptors left. */
export function openPipe(): { read: number; write: number } {
  const ends: [number, number] = [0, 0];
  if (pipe2(ends, O_CLOEXEC) !== 0) check(koffi.errno(), "a pipe");
  return { read: ends[0], write: ends[1] };
}

/** How a program that posixSpawn started has ended; undefined while it runs. Its process id is free for others after the first answer. */
export function endingOf(pid: number): Ending | undefined {
  const status: [number] = [0];
  const found = waitpid(pid, status, WNOHANG) as number;
  if (found === 0) return undefined;
  if (found !== pid) check(koffi.errno(), `process ${pid}`);
  // wait(2): the signal in the low 7 bits, the exit status in the byte above.
  const signal = status[0] & 0x7f;
  return signal === 0 ? { code: (status[0] >> 8) & 0xff, signal: null } : { code: null, signal: signalName(signal) };
}

function signalName(number: number): NodeJS.Signals {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return (found?.[0] ?? `SIG${number}`) as NodeJS.Signals;
}
