import { setImmediate } from "node:timers/promises";

/** Elements and requests between which other work gets its turn. */
const perTurn = 500;

export function* chunks<T>(list: readonly T[]): Generator<T[]> {
  for (let from = 0; from < list.length; from += perTurn) yield list.slice(from, from + perTurn);
}

/** Does one after the other, and lets other work in between. */
export async function inTurns<T>(list: Iterable<T>, take: (item: T) => void): Promise<void> {
  let taken = 0;
  for (const item of list) {
    if (taken > 0 && taken % perTurn === 0) await setImmediate();
    take(item);
    taken += 1;
  }
}
