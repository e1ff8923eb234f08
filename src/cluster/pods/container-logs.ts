import { type FSWatcher, watch } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../linux/command.ts";
import { LogIndex } from "./log-index.ts";

/** A log may take this much memory (it is on a tmpfs) before its beginning is given back, down to the second value. Bytes. */
const maximumSize = 8 << 20;
const keptSize = 4 << 20;
/** Growth is looked at at most this often. Milliseconds; timestamps are no finer. */
const lookInterval = 100;
/** For what the watch missed: also bounds how far a log can grow unnoticed. */
const sweepInterval = 10_000;

export interface LogSegment {
  path: string;
  inode: number;
  /** Offset of the first byte that is still there. */
  start: number;
  size: number;
}

/**
 * Follows the growth of all log files of the node by one watch on their directory. Programs write straight into their files and
 * need no agent for it; what the agent adds is when a line was written, and that no file grows for ever.
 */
export class ContainerLogs {
  readonly #directory: string;
  readonly #onError: (error: Error) => void;
  /** By inode: a writer may put its file aside under another name and begin a new one. */
  readonly #indexes = new Map<number, LogIndex>();
  readonly #waiters = new Map<string, Set<() => void>>();
  readonly #grown = new Set<string>();
  #watcher?: FSWatcher;
  #sweeper?: NodeJS.Timeout;
  #looking?: NodeJS.Timeout;
  #lookedAt = 0;

  constructor(directory: string, onError: (error: Error) => void) {
    this.#directory = directory;
    this.#onError = onError;
  }

  /** Begins to follow. What files hold already is dated by their last change: nobody saw when it came. */
  async open(): Promise<void> {
    this.#watcher = watch(this.#directory, (_, name) => {
      if (name !== null) this.#noticed(name);
    });
    this.#watcher.on("error", this.#onError);
    await this.#sweep();
    this.#sweeper = setInterval(() => void this.#sweep(), sweepInterval);
  }

  close(): void {
    this.#watcher?.close();
    clearInterval(this.#sweeper);
    clearTimeout(this.#looking);
  }

  /** The files of a container's log, oldest first. None: it has not written anything. */
  async segments(path: string): Promise<LogSegment[]> {
    const found = await Promise.all([`${path}.1`, path].map((file) => segmentOf(file)));
    const present = found.filter((segment) => segment !== undefined);
    for (const { inode, size } of present) this.index(inode).observe(size, Date.now());
    return present;
  }

  index(inode: number): LogIndex {
    let index = this.#indexes.get(inode);
    if (index === undefined) {
      index = new LogIndex();
      this.#indexes.set(inode, index);
    }
    return index;
  }

  /** Resolves when the file was written to, `signal` is aborted, or after the sweep interval in any case. */
  changed(path: string, signal: AbortSignal): Promise<void> {
    const name = path.slice(this.#directory.length + 1);
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(name) ?? new Set();
      this.#waiters.set(name, waiters);
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        waiters.delete(done);
        if (waiters.size === 0) this.#waiters.delete(name);
        resolve();
      };
      const timer = setTimeout(done, sweepInterval);
      waiters.add(done);
      signal.addEventListener("abort", done, { once: true });
      if (signal.aborted) done();
    });
  }

  #noticed(name: string): void {
    this.#grown.add(name);
    const wait = Math.max(0, this.#lookedAt + lookInterval - Date.now());
    this.#looking ??= setTimeout(() => {
      this.#looking = undefined;
      this.#lookedAt = Date.now();
      const names = [...this.#grown];
      this.#grown.clear();
      for (const grown of names) void this.#look(grown, Date.now()).catch(this.#onError);
    }, wait);
  }

  async #look(name: string, time: number): Promise<void> {
    const path = join(this.#directory, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined) {
      this.index(found.ino).observe(found.size, time);
      if (found.blocks * 512 > maximumSize) await giveBack(path, found.size - keptSize);
    }
    for (const wake of this.#waiters.get(name) ?? []) wake();
  }

  async #sweep(): Promise<void> {
    const present = new Set<number>();
    for (const name of await readdir(this.#directory)) {
      const found = await stat(join(this.#directory, name)).catch(() => undefined);
      if (found === undefined) continue;
      present.add(found.ino);
      await this.#look(name, found.mtimeMs).catch(this.#onError);
    }
    for (const inode of this.#indexes.keys()) if (!present.has(inode)) this.#indexes.delete(inode);
  }
}

/** Gives the memory of the first bytes back without moving the rest: the writer holds the file open, and offsets stay. */
async function giveBack(path: string, bytes: number): Promise<void> {
  await run("fallocate", ["--punch-hole", "--offset", "0", "--length", String(bytes), path]);
}

async function segmentOf(path: string): Promise<LogSegment | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  // Where the hole ends, to the page: all that has memory is at the end.
  const start = found.size <= keptSize ? 0 : Math.max(0, found.size - found.blocks * 512);
  return { path, inode: found.ino, start, size: found.size };
}
