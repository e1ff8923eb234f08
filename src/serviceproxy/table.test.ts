import assert from "node:assert/strict";
import { test } from "node:test";
import { compileService, type NodeContext } from "./compile/compile.ts";
import { ServiceTable } from "./table.ts";
import { expandService, expandSlice } from "./testing/objects.ts";

const node: NodeContext = { nodeName: "n", addresses: [], families: [4] };

function rows(...endpoints: string[]) {
  const service = expandService({ service: "shop/web", ip: "10.96.0.20", ports: ["http/TCP 80"] });
  const slice = expandSlice({ slice: "shop/web-1", of: "web", ports: ["http/TCP 8080"], endpoints });
  return compileService(service, [slice], node).rows;
}
const key = "shop/web:http/tcp/4";

test("changes are told once, and together", () => {
  const table = new ServiceTable();
  assert.equal(table.setUnit("shop/web", rows()), true);
  assert.equal(table.setUnit("shop/web", rows("10.1.0.1")), true);
  assert.equal(table.setUnit("shop/web", rows("10.1.0.1")), false);
  const [change, ...others] = table.takeChanges();
  assert.deepEqual(others, []);
  assert.deepEqual([change?.key, change?.before, change?.after], [key, undefined, table.get(key)]);
  assert.deepEqual(table.takeChanges(), []);
});

test("what came and went, or changed back, is no change", () => {
  const table = new ServiceTable();
  table.setUnit("shop/web", rows("10.1.0.1"));
  table.setUnit("shop/web", []);
  assert.deepEqual(table.takeChanges(), []);
  table.setUnit("shop/web", rows("10.1.0.1"));
  table.takeChanges();
  table.setUnit("shop/web", rows("10.1.0.2"));
  table.setUnit("shop/web", rows("10.1.0.1"));
  assert.deepEqual(table.takeChanges(), []);
});

test("a unit that has no rows any more leaves nothing", () => {
  const table = new ServiceTable();
  table.setUnit("shop/web", rows("10.1.0.1"));
  const [row] = table.rows();
  table.takeChanges();
  table.setUnit("shop/web", []);
  assert.deepEqual(table.takeChanges(), [{ key, before: row, after: undefined }]);
  assert.equal(table.size, 0);
  assert.equal(table.toString(), "");
});

test("a row knows whether the kernel has it", () => {
  const table = new ServiceTable();
  table.setUnit("shop/web", rows("10.1.0.1"));
  assert.equal(table.isApplied(key), false);
  table.markApplied(table.generation);
  assert.equal(table.isApplied(key), true);
  table.setUnit("shop/web", rows("10.1.0.2"));
  assert.equal(table.isApplied(key), false);
  assert.equal(table.isApplied("shop/other:http/tcp/4"), false);
});
