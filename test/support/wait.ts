import { setTimeout as sleep } from "node:timers/promises";
import { slowness } from "./patience.ts";

/** Waits until something holds, looking often; fails with what was seen last when it does not come about. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T> | T,
  holds: (seen: T) => boolean,
  bound = 15_000 * slowness,
): Promise<T> {
  const end = performance.now() + bound;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > end) throw new Error(`${what}: not within ${bound} ms; last seen: ${JSON.stringify(seen)}`);
    await sleep(20);
  }
}
