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
    const next = streamOf(100, undefined, budget);
    next.write("12345678");
    assert.equal(next.ended, false);
    next.cut();
    assert.equal(budget.take(8), true);
  });

  test("takes one line that is larger than the bound", async () => {
    const stream = streamOf(3);
    stream.write("12345");
    stream.end();
    assert.equal(await read(stream), "12345");
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
