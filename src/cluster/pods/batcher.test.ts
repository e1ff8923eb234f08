import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Batcher } from "./batcher.ts";

test("what comes together is done together; what comes meanwhile makes the next batch", async () => {
  const batches: number[][] = [];
  const batcher = new Batcher<number, number>(async (items) => {
    batches.push(items);
    await new Promise((resolve) => setImmediate(resolve));
    return items.map((item) => item * 2);
  }, 3);
  assert.deepEqual(await Promise.all([1, 2, 3, 4].map((item) => batcher.add(item))), [2, 4, 6, 8]);
  assert.deepEqual(batches, [[1, 2, 3], [4]]);
  assert.equal(await batcher.add(5), 10);
});

test("a batch that fails fails for its items only", async () => {
  const batcher = new Batcher<number, number>(async (items) => {
    if (items.includes(1)) throw new Error("no");
    return items;
  }, 1);
  const [first, second] = await Promise.allSettled([batcher.add(1), batcher.add(2)]);
  assert.equal(first.status, "rejected");
  assert.deepEqual(second, { status: "fulfilled", value: 2 });
});

test("property: every item gets its own result, and no batch is too large", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { maxLength: 50 }), fc.integer({ min: 1, max: 7 }), async (items, limit) => {
      const batcher = new Batcher<number, string>(async (batch) => {
        assert.ok(batch.length <= limit);
        return batch.map(String);
      }, limit);
      assert.deepEqual(await Promise.all(items.map((item) => batcher.add(item))), items.map(String));
    }),
  );
});
