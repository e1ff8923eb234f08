import { setTimeout as sleep } from "node:timers/promises";
import { get } from "./cluster.ts";

export interface Load {
  answered: number;
  /** When each failed request had begun (Date.now()), and what happened to it. */
  errors: { began: number; what: string }[];
}

/** A client that keeps requesting, each time on a new connection, 50 ms apart, for as long as `during` takes. */
export async function whileAsking<T>(url: string, timeout: number, during: (load: Load) => Promise<T>): Promise<Load> {
  const load: Load = { answered: 0, errors: [] };
  let asking = true;
  const asker = (async () => {
    while (asking) {
      const began = Date.now();
      try {
        await get(url, timeout);
        load.answered += 1;
      } catch (error) {
        load.errors.push({ began, what: String(error) });
      }
      await sleep(50);
    }
  })();
  try {
    await during(load);
  } finally {
    asking = false;
    await asker;
  }
  return load;
}

/**
 * The distinct answers that `count` endpoints give (each tells its own name), asked until all have been heard: N ln N requests on
 * average, 20 N at most.
 */
export async function distinctAnswers(url: string, count: number): Promise<Set<string>> {
  const seen = new Set<string>();
  const atOnce = 50;
  for (let asked = 0; seen.size < count && asked < count * 20; asked += atOnce) {
    const answers = await Promise.all(Array.from({ length: atOnce }, () => get(url, 5_000)));
    for (const { body } of answers) seen.add(body);
  }
  return seen;
}
