import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { WatchStream } from "./watch-stream.ts";

async function read(stream: WatchStream): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += Buffer.from(chunk).toString();
  return text;
}

describe("the stream of a watch", () => {
  test("hands on what was written before and after the reader came", async () => {
    const stream = new WatchStream(100);
    stream.write("a");
    const reading = read(stream);
    await new Promise((resolve) => setImmediate(resolve));
    stream.write("b");
    stream.end();
    stream.write("c");
    assert.equal(await reading, "ab");
  });

  test("is cut when the reader is too slow, and lets go of what waited", async () => {
    const stream = new WatchStream(10);
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

  test("takes one line that is larger than the bound", async () => {
    const stream = new WatchStream(3);
    stream.write("12345");
    stream.end();
    assert.equal(await read(stream), "12345");
  });

  test("sends a bookmark only to a reader that has read everything", async () => {
    const stream = new WatchStream(100, () => "B");
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
    const stream = new WatchStream(100);
    stream.write("a");
    for await (const _ of stream) break;
    assert.equal(stream.ended, true);
  });
});
