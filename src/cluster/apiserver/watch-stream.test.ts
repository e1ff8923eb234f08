import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { QueueBudget, WatchStream } from "./watch-stream.ts";

const streamOf = (maxQueued: number, makeBookmark?: () => string, budget = new QueueBudget(1000)) =>
  new WatchStream({ maxQueued, budget, makeBookmark });

async function read(stream: WatchStream): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += Buffer.from(chunk).toString();
  return text;
}

describe("the stream of a watch", () => {
  test("hands on what was written before and after the reader came", async () => {
    const stream = streamOf(100);
    stream.write("a");
    const reading = read(stream);
    await new Promise((resolve) => setImmediate(resolve));
    stream.write("b");
    stream.end();
    stream.write("c");
    assert.equal(await reading, "ab");
  });

  test("is cut when the reader is too slow, and lets go of what waited", async () => {
    const stream = streamOf(10);
    let ended = 0;
    stream.onEnd(() => {
      ended += 1;
    });
    stream.write("12345");
    stream.write("67890");
    stream.write("x");
    assert.deepEqual([stream.ended, ended], [true, 1]);
    assert.equal(await read(stream), "");
  });

  test("is cut when all streams together wait with too much, and gives its part back when it is read", async () => {
    const budget = new QueueBudget(8);
    const [slow, other] = [streamOf(100, undefined, budget), streamOf(100, undefined, budget)];
    slow.write("12345");
    other.write("6789");
    assert.deepEqual([slow.ended, other.ended], [false, true]);
    const iterator = slow[Symbol.asyncIterator]();
    await iterator.next();
    assert.equal(budget.take(4), false);
    // Asking for the next chunk says that this one is sent.
    void iterator.next();
    const next = streamOf(100, undefined, budget);
    next.write("12345678");
    assert.equal(next.ended, false);
    next.cut();
    assert.equal(budget.take(8), true);
  });

  test("makes its first lines as they are read, and sends changes after them", async () => {
    let made = 0;
    const line = "x".repeat(10_000);
    const first = (function* lines() {
      for (; made < 100; made += 1) yield line;
    })();
    const budget = new QueueBudget(60_000);
    const stream = new WatchStream({ first, maxQueued: 100, budget });
    assert.equal(made, 0);
    stream.write("change");
    const iterator = stream[Symbol.asyncIterator]();
    const chunk = String(Buffer.from((await iterator.next()).value!));
    assert.ok(made > 0 && made < 10, `${made} lines for one chunk`);
    stream.end();
    let text = chunk;
    for await (const next of { [Symbol.asyncIterator]: () => iterator }) text += String(Buffer.from(next));
    assert.equal(text, `${line.repeat(100)}change`);
    assert.equal(budget.take(60_000), true);
  });

  test("is cut when there is no room for a chunk of its first lines", async () => {
    const stream = new WatchStream({ first: ["12345", "67890"], maxQueued: 100, budget: new QueueBudget(9) });
    assert.equal(await read(stream), "");
    assert.equal(stream.ended, true);
  });

  test("hands on what waits in parts", async () => {
    const stream = new WatchStream({ maxQueued: 1e6, budget: new QueueBudget(1e6) });
    for (let n = 0; n < 20; n += 1) stream.write("y".repeat(10_000));
    const iterator = stream[Symbol.asyncIterator]();
    const { value } = await iterator.next();
    assert.ok(value!.length < 50_000, `${value!.length} bytes`);
    stream.cut();
  });

  test("takes one line that is larger than the bound", async () => {
    const stream = streamOf(3);
    stream.write("12345");
    stream.end();
    assert.equal(await read(stream), "12345");
  });

  test("sends no bookmark before its first lines are read", async () => {
    const stream = new WatchStream({
      first: ["a"],
      maxQueued: 100,
      budget: new QueueBudget(100),
      makeBookmark: () => "B",
    });
    stream.bookmark();
    const iterator = stream[Symbol.asyncIterator]();
    assert.equal(String(Buffer.from((await iterator.next()).value!)), "a");
    stream.end();
    assert.equal(String(Buffer.from((await iterator.next()).value!)), "B");
    assert.equal((await iterator.next()).done, true);
  });

  test("sends a bookmark only to a reader that has read everything", async () => {
    const stream = streamOf(100, () => "B");
    stream.write("a");
    stream.bookmark();
    const iterator = stream[Symbol.asyncIterator]();
    assert.equal(String(Buffer.from((await iterator.next()).value!)), "a");
    stream.bookmark();
    stream.end();
    assert.equal(String(Buffer.from((await iterator.next()).value!)), "B");
    assert.equal((await iterator.next()).done, true);
  });

  test("ends when the reader leaves", async () => {
    const stream = streamOf(100);
    stream.write("a");
    for await (const _ of stream) break;
    assert.equal(stream.ended, true);
  });
});
