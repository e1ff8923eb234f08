/** 10,000 random edits of objects, synced as they come, end in the very state of the kernel that a fresh start makes, in each of its modes. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { run } from "../../src/linux/command.ts";
import { type Backend, findIptables } from "../../src/linux/iptables.ts";
import { KernelTable } from "../../src/linux/nftables/kernel-table.ts";
import { TableMonitor } from "../../src/linux/nftables/monitor.ts";
import { createIptablesMode } from "../../src/serviceproxy/modes/iptables/mode.ts";
import { parseSave } from "../../src/serviceproxy/modes/iptables/save.ts";
import type { Mode } from "../../src/serviceproxy/modes/mode.ts";
import { NftablesMode } from "../../src/serviceproxy/modes/nftables/mode.ts";
import { serviceSchema } from "../../src/serviceproxy/modes/nftables/schema.ts";
import { anyEdit, EditedObjects } from "../../src/serviceproxy/testing/edits.ts";
import { expandConfig, localAddresses, testNode } from "../../src/serviceproxy/testing/iptables-fixture.ts";
import { sortShared } from "../../src/serviceproxy/testing/rules-model.ts";
import { Node } from "./lab.ts";

const edits = 10_000;
/** Edits between two syncs, at most. */
const longestBatch = 200;
const range = { services: 60, slices: 160, endpoints: 20 };
const families = [4, 6] as const;

function configOf(family: 4 | 6) {
  return expandConfig(family === 4 ? { local: "10.0.0.0/8" } : { family, local: "fd00:1::/64" });
}

interface Kernel {
  modes: Mode[];
  close(): void;
}
interface Subject {
  name: string;
  open(): Promise<Kernel>;
  /** Everything that is there, in words that compare. */
  dump(): Promise<string[]>;
}

function iptables(backend: Backend): Subject {
  return {
    name: `iptables-${backend}`,
    async open() {
      const modes = families.map(async (family) => {
        const config = configOf(family);
        return createIptablesMode(await findIptables(family, backend), () => config);
      });
      return { modes: await Promise.all(modes), close: () => {} };
    },
    async dump() {
      const lines: string[] = [];
      for (const family of families) {
        const kernel = await findIptables(family, backend);
        for (const table of ["filter", "nat", "mangle"] as const)
          for (const [chain, rules] of parseSave(await kernel.save(table)))
            lines.push(`${family} ${table} ${chain}: ${sortShared(chain, rules).join("; ")}`);
      }
      return lines.sort();
    },
  };
}

const nftables: Subject = {
  name: "nftables",
  async open() {
    const opened = families.map((family) => {
      const { mark, masqueradeAll, localTraffic } = configOf(family);
      const table = new KernelTable(serviceSchema(family));
      const monitor = new TableMonitor(table.schema, table.port);
      const nodePortAddresses = localAddresses.filter((address) => address.includes(":") === (family === 6));
      const config = { family, mark, masqueradeAll, localTraffic, nodePortAddresses, serviceCIDRs: [] };
      return { table, monitor, mode: new NftablesMode(table, () => config, monitor) };
    });
    return {
      modes: opened.map(({ mode }) => mode),
      close() {
        for (const { table, monitor } of opened) {
          table.close();
          monitor.close();
        }
      },
    };
  },
  async dump() {
    const listing = JSON.parse(await run("nft", ["--json", "list", "ruleset"])) as { nftables: object[] };
    const places = new Map<string, number>();
    return listing.nftables.flatMap((object) => {
      // Handles count what was made before; elements come in any order.
      const text = JSON.stringify(object, (key, value) => {
        if (key === "handle") return undefined;
        return key === "elem" && Array.isArray(value) ? value.map((entry) => JSON.stringify(entry)).sort() : value;
      });
      if ("metainfo" in object) return [];
      if (!("rule" in object)) return [text];
      const { family, chain } = object.rule as { family: string; chain: string };
      const place = (places.get(`${family} ${chain}`) ?? 0) + 1;
      places.set(`${family} ${chain}`, place);
      return [`${place} ${text}`];
    });
  },
};

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "proxy-"));
  process.env.XTABLES_LOCKFILE = join(directory, "xtables.lock");
});
after(() => rm(directory, { recursive: true }));

for (const { name, open, dump } of [iptables("nft"), iptables("legacy"), nftables])
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
    assert.deepEqual(after.sort(), expected.sort(), `seed ${seed}`);
    for (const mode of begun.modes) await mode.cleanup();
    begun.close();
  });
