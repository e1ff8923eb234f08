/**
 * Gathers work that costs much less done together. An item that arrives while nothing runs starts at once; what arrives meanwhile makes
 * the next batch, of at most `limit` items. One batch runs at a time.
 */
export class Batcher<Item, Result> {
  readonly #work: (items: Item[]) => Promise<Result[]>;
  readonly #limit: number;
  #waiting: { item: Item; resolve: (result: Result) => void; reject: (error: Error) => void }[] = [];
  #running = false;

  /** `work` resolves to one result per item, in order. When it rejects, every item of the batch is rejected with the same error. */
  constructor(work: (items: Item[]) => Promise<Result[]>, limit = 64) {
    this.#work = work;
    this.#limit = limit;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      // A microtask later, so that items added in one turn of the event loop share the first batch as well.
      if (!this.#running) {
        this.#running = true;
        queueMicrotask(() => void this.#drain());
      }
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#limit);
      try {
        const results = await this.#work(batch.map(({ item }) => item));
        batch.forEach(({ resolve }, index) => {
          resolve(results[index] as Result);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error as Error);
      }
    }
    this.#running = false;
  }
}
