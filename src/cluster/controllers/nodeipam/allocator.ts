import { formatPrefix, type Prefix, parsePrefix, sizeOf } from "../../../ip/ipv4.ts";

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

  /** Throws when the range is no IPv4 prefix or smaller than one block. */
  constructor(range: string, blockLength: number) {
    const block = parsePrefix(range);
    if (block === undefined) throw new Error(`"${range}" is no IPv4 prefix such as 10.32.0.0/12`);
    if (block.bits > blockLength) throw new Error(`${range} is smaller than one /${blockLength}`);
    this.#range = block;
    this.#blockLength = blockLength;
    this.#count = 2 ** (blockLength - block.bits);
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
      const base = this.#range.base + index * this.#blockSize;
      const cidr = formatPrefix({ base, bits: this.#blockLength });
      this.#held.set(index, 1);
      this.#next = (index + 1) % this.#count;
      return cidr;
    }
    return undefined;
  }

  get #blockSize(): number {
    return 2 ** (32 - this.#blockLength);
  }

  *#touched(cidr: string): Iterable<number> {
    const block = parsePrefix(cidr);
    if (block === undefined) return;
    const from = Math.floor((block.base - this.#range.base) / this.#blockSize);
    const to = Math.floor((block.base + sizeOf(block) - 1 - this.#range.base) / this.#blockSize);
    for (let index = Math.max(0, from); index <= Math.min(to, this.#count - 1); index += 1) yield index;
  }
}
