import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

/** Bytes; logs lie on /run, in memory. */
const maximumSize = 2 << 20;
const kept = 256 << 10;

/**
 * A log that a part writes itself: it is handed the descriptor, opened for appending. When it has grown too large, its end is kept and the rest
 * is cut away in place (what the part writes next goes to the new end).
 */
export class LogFile {
  readonly #handle: FileHandle;
  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async open(path: string): Promise<LogFile> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return new LogFile(await open(path, "a+", 0o600));
  }

  get descriptor(): number {
    return this.#handle.fd;
  }

  async append(line: string): Promise<void> {
    await this.#handle.appendFile(`${line}\n`);
  }

  /** Lines written while this runs may be lost; it takes a millisecond. */
  async trim(limit = maximumSize, keep = kept): Promise<void> {
    const { size } = await this.#handle.stat();
    if (size <= limit) return;
    const { buffer, bytesRead } = await this.#handle.read(Buffer.alloc(keep), 0, keep, size - keep);
    const end = buffer.subarray(0, bytesRead);
    await this.#handle.truncate(0);
    await this.#handle.appendFile(end.subarray(end.indexOf(0x0a) + 1));
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
