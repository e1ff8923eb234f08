/** A run of IPv4 addresses: first address and prefix length. */
export interface Block {
  first: number;
  length: number;
}

/** "10.32.0.0/12" → block; undefined for anything else, also when host bits are set. */
export function parseBlock(cidr: string): Block | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  if (match === null) return undefined;
  const bytes = match.slice(1, 5).map(Number);
  const length = Number(match[5]);
  if (length > 32 || bytes.some((byte) => byte > 255)) return undefined;
  const first = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  return first % 2 ** (32 - length) === 0 ? { first, length } : undefined;
}

export function formatBlock({ first, length }: Block): string {
  const bytes = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256);
  return `${bytes.join(".")}/${length}`;
}

/**
 * Divides a range into equal blocks and hands each out once. Blocks are taken round robin: one that was just given back rests as long as
 * possible, so that routes and connections of the node before it are gone. Knows nothing of Nodes: the caller tells what is in use.
 */
export class BlockAllocator {
  readonly #range: Block;
  readonly #blockLength: number;
  readonly #count: number;
  /** How many holders each block has: ranges given by hand may overlap. */
  readonly #held = new Map<number, number>();
  #next = 0;

  /** Throws when the range is no IPv4 prefix or smaller than one block. */
  constructor(range: string, blockLength: number) {
    const block = parseBlock(range);
    if (block === undefined) throw new Error(`"${range}" is no IPv4 prefix such as 10.32.0.0/12`);
    if (block.length > blockLength) throw new Error(`${range} is smaller than one /${blockLength}`);
    this.#range = block;
    this.#blockLength = blockLength;
    this.#count = 2 ** (blockLength - block.length);
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
      const first = this.#range.first + index * this.#size();
      const cidr = formatBlock({ first, length: this.#blockLength });
      this.#held.set(index, 1);
      this.#next = (index + 1) % this.#count;
      return cidr;
    }
    return undefined;
  }

  #size(): number {
    return 2 ** (32 - this.#blockLength);
  }

  *#touched(cidr: string): Iterable<number> {
    const block = parseBlock(cidr);
    if (block === undefined) return;
    const from = Math.floor((block.first - this.#range.first) / this.#size());
    const to = Math.floor((block.first + 2 ** (32 - block.length) - 1 - this.#range.first) / this.#size());
    for (let index = Math.max(0, from); index <= Math.min(to, this.#count - 1); index += 1) yield index;
  }
}
