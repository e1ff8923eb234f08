import type { ServicePort } from "../table.ts";

/** An element of a set or map: its value is absent in a plain set, and in a deletion. */
export interface DesiredElement {
  set: string;
  key: string;
  value?: string;
}

/** Tells of each element that a row means. A plain set's elements have the empty text as value. */
export type EachElement = (row: ServicePort, found: (set: string, key: string, value: string) => void) => void;

/** Who wants an element. Nearly all have one owner; an endpoint that several Services lead to has more of them, and so has a mistake. */
interface Claim {
  owner: string;
  value: string;
  /** Of two Services that claim one address, the one with the smaller key has it, whatever came first. */
  others?: { owner: string; value: string }[];
}

export interface Difference {
  deletes: DesiredElement[];
  /** The values that the deleted elements had. */
  deleted: string[];
  adds: DesiredElement[];
}

/**
 * The elements that the table's rows want, and what changed about them since the last `take`. Elements are told apart by set and key; two
 * rows that want one key with different values are settled by their names, so that the order of events does not matter.
 */
export class DesiredElements {
  readonly #sets = new Map<string, Map<string, Claim>>();
  /** Set to key to the value before the first change since the last take; undefined: it was not there. */
  #touched = new Map<string, Map<string, string | undefined>>();
  #touchedCount = 0;
  #isTracking = false;
  readonly #eachElement: EachElement;

  private constructor(eachElement: EachElement) {
    this.#eachElement = eachElement;
  }

  /** What many rows want at once; no difference to what was before is kept. */
  static of(rows: Iterable<ServicePort>, eachElement: EachElement): DesiredElements {
    const desired = new DesiredElements(eachElement);
    for (const row of rows) desired.replace(undefined, row);
    desired.#isTracking = true;
    return desired;
  }

  /** How many elements may have changed since the last take. */
  get touched(): number {
    return this.#touchedCount;
  }

  /** The elements of a set: key and value. */
  *elements(set: string): Generator<[string, string]> {
    for (const [key, { value }] of this.#sets.get(set) ?? []) yield [key, value];
  }
  valueOf(set: string, key: string): string | undefined {
    return this.#sets.get(set)?.get(key)?.value;
  }
  sizeOf(set: string): number {
    return this.#sets.get(set)?.size ?? 0;
  }

  replace(before: ServicePort | undefined, after: ServicePort | undefined): void {
    if (before !== undefined) this.#eachElement(before, (set, key) => this.#release(before.key, set, key));
    if (after !== undefined) this.#eachElement(after, (set, key, value) => this.#claim(after.key, set, key, value));
  }

  /** What changed since the last take, as the fewest elements to delete and to add. */
  take(): Difference {
    const difference: Difference = { deletes: [], deleted: [], adds: [] };
    for (const [set, keys] of this.#touched)
      for (const [key, before] of keys) {
        const now = this.valueOf(set, key);
        if (now === before) continue;
        if (before !== undefined) {
          difference.deletes.push({ set, key });
          difference.deleted.push(before);
        }
        if (now !== undefined) difference.adds.push(elementOf(set, key, now));
      }
    this.#touched = new Map();
    this.#touchedCount = 0;
    return difference;
  }

  #touch(set: string, key: string, value: string | undefined): void {
    if (!this.#isTracking) return;
    let keys = this.#touched.get(set);
    if (keys === undefined) {
      keys = new Map();
      this.#touched.set(set, keys);
    }
    if (keys.has(key)) return;
    keys.set(key, value);
    this.#touchedCount += 1;
  }

  #claim(owner: string, set: string, key: string, value: string): void {
    let keys = this.#sets.get(set);
    if (keys === undefined) {
      keys = new Map();
      this.#sets.set(set, keys);
    }
    const claim = keys.get(key);
    this.#touch(set, key, claim?.value);
    if (claim === undefined) keys.set(key, { owner, value });
    // A row may want an element twice: an external address that is the balancer's too, an endpoint in both of its sets.
    else if (claim.owner !== owner && !claim.others?.some((other) => other.owner === owner))
      keys.set(key, settleClaim([...listClaims(claim), { owner, value }]));
  }

  #release(owner: string, set: string, key: string): void {
    const keys = this.#sets.get(set);
    const claim = keys?.get(key);
    if (keys === undefined || claim === undefined) return;
    const claims = listClaims(claim);
    const rest = claims.filter((other) => other.owner !== owner);
    if (rest.length === claims.length) return;
    this.#touch(set, key, claim.value);
    if (rest.length === 0) keys.delete(key);
    else keys.set(key, settleClaim(rest));
  }
}

export function elementOf(set: string, key: string, value: string): DesiredElement {
  return value === "" ? { set, key } : { set, key, value };
}

function listClaims({ owner, value, others = [] }: Claim): { owner: string; value: string }[] {
  return [{ owner, value }, ...others];
}

function settleClaim(claims: { owner: string; value: string }[]): Claim {
  const [first, ...others] = claims.sort((a, b) => (a.owner < b.owner ? -1 : 1));
  return others.length === 0 ? first! : { ...first!, others };
}
