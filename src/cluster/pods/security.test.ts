import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Pod } from "../../kubernetes/types.ts";
import { processIdentity } from "./security.ts";

function identity(container: Container["securityContext"], pod: NonNullable<Pod["spec"]>["securityContext"] = {}) {
  return processIdentity({ spec: { containers: [], securityContext: pod } }, { name: "c", securityContext: container });
}

test("a container's own context wins over the Pod's", () => {
  assert.equal(identity({ runAsUser: 1 }, { runAsUser: 2 }).user, 1);
  assert.equal(identity({}, { runAsUser: 2, runAsGroup: 3 }).group, 3);
  assert.deepEqual(identity({}, { fsGroup: 5, supplementalGroups: [4, 5] }).supplementaryGroups, [4, 5]);
});

test("runAsNonRoot refuses root, also when nobody named a user", () => {
  for (const context of [{ runAsNonRoot: true }, { runAsNonRoot: true, runAsUser: 0 }])
    assert.throws(() => identity(context), /runAsNonRoot/);
  assert.equal(identity({ runAsNonRoot: true, runAsUser: 1000 }).user, 1000);
});

for (const [capabilities, has, lacks] of [
  [undefined, ["chown", "net_bind_service"], ["sys_admin", "net_admin"]],
  [{ add: ["NET_ADMIN"] }, ["chown", "net_admin"], []],
  [{ drop: ["ALL"], add: ["CAP_NET_BIND_SERVICE"] }, ["net_bind_service"], ["chown"]],
  [{ drop: ["CHOWN"] }, ["kill"], ["chown"]],
] as const)
  test(`capabilities ${JSON.stringify(capabilities)}`, () => {
    const found =
      identity({ capabilities: capabilities as unknown as { add?: string[]; drop?: string[] } }).capabilities ?? [];
    for (const name of has) assert.ok(found.includes(name), name);
    for (const name of lacks) assert.ok(!found.includes(name), name);
  });
