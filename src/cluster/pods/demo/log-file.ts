import { appendFile, rename, stat } from "node:fs/promises";

/** A client that asks faster than the disk writes loses log lines, not answers. */
const maximumPending = 64 * 1024;
/** Past this size the file is renamed to FILE.1 and begun anew: the logs of all Pods of a node lie in memory (tmpfs). */
const maximumFile = 1 << 20;
const flushDelay = 50;

/**
 * A container's log: lines gathered for some 50 ms and appended in one write. The file is opened for each write, so whoever rotates it
 * may; its buffer is bounded, and lines lost are counted in a line of their own.
 */
export class LogFile {
  readonly #path: string;
  #pending = "";
  #dropped = 0;
  #size: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  write(line: string): void {
    if (this.#pending.length + line.length > maximumPending) {
      this.#dropped += 1;
      return;
    }
    this.#pending += `${line.replace(/[\r\n]+/g, "\\n")}\n`;
    if (this.#writing === undefined) this.#timer ??= setTimeout(() => void this.flush(), flushDelay);
  }

  /** Resolves when all that was written so far is in the file, or could not be. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#pending !== "" || this.#dropped > 0) {
      // One write at a time keeps the lines in order.
      if (this.#writing === undefined) {
        this.#writing = this.#append().finally(() => {
          this.#writing = undefined;
        });
      }
      await this.#writing;
    }
    await this.#writing;
  }

  async #append(): Promise<void> {
    const lost = this.#dropped > 0 ? `(${this.#dropped} log lines lost: too many at once)\n` : "";
    const text = this.#pending + lost;
    this.#pending = "";
    this.#dropped = 0;
    try {
      this.#size ??= await stat(this.#path).then(
        ({ size }) => size,
        () => 0,
      );
      if (this.#size > maximumFile) {
        await rename(this.#path, `${this.#path}.1`);
        this.#size = 0;
      }
      await appendFile(this.#path, text, { mode: 0o640 });
      this.#size += Buffer.byteLength(text);
    } catch {
      // The Pod's directory may be gone already, or the disk full: a log that cannot be written stops no container.
      this.#size = undefined;
    }
  }
}
