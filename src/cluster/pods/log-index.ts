/** When the bytes of a log file were written, as far as somebody watched it grow. Pure. */

/** All bytes before `end` that no earlier mark covers were there at `time`. Milliseconds since 1970. */
export interface Mark {
  end: number;
  time: number;
}

/** Beyond this the older half of the marks loses every second one: old lines get coarser times, never none. */
const maximumMarks = 2048;

export class LogIndex {
  #marks: Mark[] = [];

  get length(): number {
    return this.#marks.length;
  }

  /** The file was seen to have this size. A size that is not larger than before says nothing. */
  observe(size: number, time: number): void {
    const last = this.#marks.at(-1);
    if (size <= (last?.end ?? 0)) return;
    this.#marks.push({ end: size, time: Math.max(time, last?.time ?? 0) });
    if (this.#marks.length > maximumMarks) {
      const half = maximumMarks / 2;
      this.#marks = this.#marks.filter((_, index) => index >= half || index % 2 === 1);
    }
  }

  /** When the byte at this offset was seen first; `fallback` for one that nobody has seen yet. */
  timeOf(offset: number, fallback: number): number {
    const index = this.#search(({ end }) => end > offset);
    return this.#marks[index]?.time ?? fallback;
  }

  /** Offset of the first byte that was seen at this time or later; undefined when there is none. */
  offsetOf(time: number): number | undefined {
    const index = this.#search((mark) => mark.time >= time);
    if (index >= this.#marks.length) return undefined;
    return this.#marks[index - 1]?.end ?? 0;
  }

  /** Index of the first mark for which the (monotonic) test holds. */
  #search(test: (mark: Mark) => boolean): number {
    let low = 0;
    let high = this.#marks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (test(this.#marks[middle] as Mark)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
