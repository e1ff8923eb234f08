import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeJsonLines } from "./json-lines.ts";

async function* chunks(...parts: Uint8Array[]) {
  yield* parts;
}
async function collect(values: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const value of values) all.push(value);
  return all;
}

test("values survive any way of cutting the stream", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 8 }), fc.array(fc.nat(40)), async (values, cuts) => {
      const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
      const parts: Buffer[] = [];
      let start = 0;
      for (const cut of cuts) {
        parts.push(bytes.subarray(start, start + cut));
        start = Math.min(bytes.length, start + cut);
      }
      parts.push(bytes.subarray(start));
      const expected = JSON.parse(JSON.stringify(values));
      assert.deepEqual(await collect(decodeJsonLines(chunks(...parts))), expected);
    }),
  );
});

test("a line that was cut off at the end is left out", async () => {
  assert.deepEqual(await collect(decodeJsonLines(chunks(Buffer.from('{"a":1}\n{"b":')))), [{ a: 1 }]);
});

test("a line above the bound fails before it is complete", async () => {
  const endless = Buffer.alloc(60, 0x20);
  await assert.rejects(collect(decodeJsonLines(chunks(endless, endless), 100)), /a line of more than 100 bytes/);
  await assert.rejects(
    collect(decodeJsonLines(chunks(Buffer.from(`"${"x".repeat(200)}"\n`)), 100)),
    /more than 100 bytes/,
  );
});

test("a line that is not JSON fails", async () => {
  await assert.rejects(collect(decodeJsonLines(chunks(Buffer.from("<html>\n")))), /a line that is not JSON/);
});
