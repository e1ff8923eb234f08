/** Thousands of random edits of objects, synced as they come, end in the very state of the kernel that a fresh start makes, in each of its modes. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import fc from "fast-check";
import { run } from "../../src/linux/command.ts";
import { anyEdit, EditedObjects } from "../../src/serviceproxy/testing/edits.ts";
import { testNode } from "../../src/serviceproxy/testing/iptables-fixture.ts";
import { slowness } from "../support/patience.ts";
import { Node } from "./lab.ts";
import { subjects } from "./subjects.ts";
import { useLockFile } from "./use-lab.ts";

/** Fewer where the processor is emulated. */
const edits = slowness === 1 ? 10_000 : 500;
/** Edits between two syncs, at most. */
const longestBatch = slowness === 1 ? 200 : 40;
const range = { services: 60, slices: 160, endpoints: 20 };

useLockFile();
// IPVS asks the routes about an endpoint, and a namespace without any address has none.
before(() => run("ip", ["link", "set", "lo", "up"]));

for (const { name, open, dump } of subjects)
  test(`${name}: ${edits} random edits end in the state of a fresh start`, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const lengths = fc.sample(fc.integer({ min: 1, max: longestBatch }), { seed, numRuns: edits });
    const all = fc.sample(anyEdit(range), { seed, numRuns: edits });
    const edited = await open();
    const node = new Node(edited.modes, testNode.nodeName);
    const objects = new EditedObjects(node.inputs);
    await node.syncer.sync();
    for (let done = 0, batch = 0; done < all.length; batch += 1) {
      const end = done + lengths[batch]!;
      for (const edit of all.slice(done, end)) edit(objects);
      done = end;
      await node.syncer.sync();
    }
    assert.deepEqual(node.warnings, [], `seed ${seed}`);
    const after = await dump();
    for (const mode of edited.modes) await mode.cleanup();
    edited.close();

    const begun = await open();
    const fresh = new Node(begun.modes, testNode.nodeName);
    objects.listTo(fresh.inputs);
    await fresh.syncer.sync();
    const expected = await dump();
    assert.ok(expected.length > 100, "there is something to compare");
    assert.deepEqual(after, expected, `seed ${seed}`);
    for (const mode of begun.modes) await mode.cleanup();
    begun.close();
  });
