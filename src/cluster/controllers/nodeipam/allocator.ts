import { formatPrefix, type Prefix, parsePrefix, prefixesOverlap, sizeOf } from "../../../ip/prefix.ts";

/**
 * Divides a range into equal blocks and hands each out once. Blocks are taken round robin: one that was just given back rests as long as
 * possible, so that routes and connections of the node before it are gone. Knows nothing of Nodes: the caller tells what is in use.
 */
export class BlockAllocator {
  readonly #range: Prefix;
  readonly #blockLength: number;
  readonly #count: number;
  /** How many holders each block has: ranges given by hand may overlap. */
  readonly #held = new Map<number, number>();
  #next = 0;

  /** Throws when the range is no prefix, or smaller than one block. */
  constructor(range: string, blockLength: number) {
    const block = parsePrefix(range);
    if (block === undefined) throw new Error(`"${range}" is no prefix such as 10.32.0.0/12`);
    if (block.length > blockLength) throw new Error(`${range} is smaller than one /${blockLength}`);
    this.#range = block;
    this.#blockLength = blockLength;
    this.#count = 2 ** (blockLength - block.length);
  }

  get range(): string {
    return formatPrefix(this.#range);
  }

  /** Whether a block is of this range's family, in it or not. */
  isFamilyOf(cidr: string): boolean {
    return parsePrefix(cidr)?.family === this.#range.family;
  }

  /** Marks every block that a prefix touches as in use; one outside of the range touches none. */
  hold(cidr: string): void {
    for (const index of this.#touched(cidr)) {
      this.#held.set(index, (this.#held.get(index) ?? 0) + 1);
      this.#next = Math.max(this.#next, (index + 1) % this.#count);
    }
  }

  release(cidr: string): void {
    for (const index of this.#touched(cidr)) {
      const holders = (this.#held.get(index) ?? 0) - 1;
      if (holders > 0) this.#held.set(index, holders);
      else this.#held.delete(index);
    }
  }

  /** Takes a free block and holds it; undefined when there is none. */
  allocate(): string | undefined {
    for (let step = 0; step < this.#count; step += 1) {
      const index = (this.#next + step) % this.#count;
      if (this.#held.has(index)) continue;
      const value = this.#range.value + BigInt(index) * this.#blockSize;
      const cidr = formatPrefix({ family: this.#range.family, value, length: this.#blockLength });
      this.#held.set(index, 1);
      this.#next = (index + 1) % this.#count;
      return cidr;
    }
    return undefined;
  }

  get #blockSize(): bigint {
    return sizeOf({ ...this.#range, length: this.#blockLength });
  }

  *#touched(cidr: string): Iterable<number> {
    const block = parsePrefix(cidr);
    if (block === undefined || !prefixesOverlap(block, this.#range)) return;
    const from = Number((block.value - this.#range.value) / this.#blockSize);
    const to = Number((block.value + sizeOf(block) - 1n - this.#range.value) / this.#blockSize);
    for (let index = Math.max(0, from); index <= Math.min(to, this.#count - 1); index += 1) yield index;
  }
}
