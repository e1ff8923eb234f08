import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { typeNamed } from "../kinds/schema/definitions.ts";
import { StrategicPatchError, strategicPatch } from "./strategic-patch.ts";

type Fields = Record<string, unknown>;
const spec = typeNamed("core.PodSpec");
const containers = (...names: string[]) => names.map((name) => ({ name, image: "old" }));

const cases: [name: string, type: string, target: Fields, patch: Fields, result: Fields][] = [
  [
    "sets, adds and removes fields",
    "core.PodSpec",
    { a: 1, nodeName: "x" },
    { hostNetwork: true, nodeName: null },
    { a: 1, hostNetwork: true },
  ],
  [
    "merges a list by its key",
    "core.PodSpec",
    { containers: containers("a", "b") },
    { containers: [{ name: "b", image: "new" }] },
    {
      containers: [
        { name: "a", image: "old" },
        { name: "b", image: "new" },
      ],
    },
  ],
  [
    "appends to a list",
    "core.PodSpec",
    { containers: containers("a") },
    { containers: [{ name: "c" }] },
    { containers: [{ name: "a", image: "old" }, { name: "c" }] },
  ],
  [
    "deletes from a list",
    "core.PodSpec",
    { containers: containers("a", "b") },
    { containers: [{ name: "a", $patch: "delete" }] },
    { containers: containers("b") },
  ],
  [
    "deletes nothing that is not there",
    "core.PodSpec",
    { containers: containers("a") },
    { containers: [{ name: "z", $patch: "delete" }] },
    { containers: containers("a") },
  ],
  [
    "replaces a list",
    "core.PodSpec",
    { containers: containers("a", "b") },
    { containers: [{ $patch: "replace" }, { name: "c" }] },
    { containers: [{ name: "c" }] },
  ],
  [
    "replaces an object",
    "core.PodSpec",
    { securityContext: { runAsUser: 1 } },
    { securityContext: { $patch: "replace", runAsGroup: 2 } },
    { securityContext: { runAsGroup: 2 } },
  ],
  [
    "deletes an object",
    "core.PodSpec",
    { securityContext: { runAsUser: 1 } },
    { securityContext: { $patch: "delete" } },
    {},
  ],
  [
    "replaces lists without a key",
    "core.PodSpec",
    { tolerations: [{ key: "a" }] },
    { tolerations: [{ key: "b" }] },
    { tolerations: [{ key: "b" }] },
  ],
  [
    "merges maps",
    "core.PodSpec",
    { nodeSelector: { a: "1", b: "2" } },
    { nodeSelector: { b: null, c: "3" } },
    { nodeSelector: { a: "1", c: "3" } },
  ],
  [
    "merges a list of scalars as a set",
    "meta.ObjectMeta",
    { finalizers: ["a/b"] },
    { finalizers: ["a/b", "c/d"] },
    { finalizers: ["a/b", "c/d"] },
  ],
  [
    "deletes scalars",
    "meta.ObjectMeta",
    { finalizers: ["a/b", "c/d"] },
    { "$deleteFromPrimitiveList/finalizers": ["a/b"] },
    { finalizers: ["c/d"] },
  ],
  [
    "orders a list",
    "core.PodSpec",
    { containers: containers("a", "b", "c") },
    { "$setElementOrder/containers": [{ name: "c" }, { name: "a" }] },
    { containers: [...containers("c"), ...containers("a"), ...containers("b")] },
  ],
  [
    "orders a list as it merges it",
    "core.PodSpec",
    { containers: containers("b") },
    { "$setElementOrder/containers": [{ name: "a" }, { name: "b" }], containers: [{ name: "a", image: "old" }] },
    { containers: containers("a", "b") },
  ],
  [
    "keeps what $retainKeys lists",
    "apps.DeploymentSpec",
    { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } },
    { strategy: { $retainKeys: ["type"], type: "Recreate" } },
    { strategy: { type: "Recreate" } },
  ],
  [
    "keeps what $retainKeys lists in a list",
    "core.PodSpec",
    { volumes: [{ name: "v", emptyDir: {} }] },
    { volumes: [{ $retainKeys: ["name", "hostPath"], name: "v", hostPath: { path: "/" } }] },
    { volumes: [{ name: "v", hostPath: { path: "/" } }] },
  ],
  [
    "merges by number",
    "core.ServiceSpec",
    { ports: [{ port: 80, nodePort: 30080 }] },
    { ports: [{ port: 80, name: "http" }] },
    { ports: [{ port: 80, nodePort: 30080, name: "http" }] },
  ],
  [
    "merges what was not there",
    "core.PodSpec",
    {},
    { containers: [{ name: "a", env: [{ name: "X", value: "1" }] }] },
    { containers: [{ name: "a", env: [{ name: "X", value: "1" }] }] },
  ],
];

const failures: [name: string, patch: Fields, message: RegExp][] = [
  ["an unknown directive", { $patch: "move" }, /^Unknown patch type found: "move" at the top$/],
  [
    "an entry without its key",
    { containers: [{ image: "x" }] },
    /^map: containers does not contain declared merge key: name$/,
  ],
  ["an entry that is no object", { containers: ["x"] }, /^containers\[0\] must be an object with the merge key name$/],
  [
    "$retainKeys without a key of the patch",
    { $retainKeys: [], nodeName: "x" },
    /does not hold "nodeName", which the patch sets$/,
  ],
  [
    "an order that is no list",
    { containers: [{ name: "a" }], "$setElementOrder/containers": 1 },
    /^\$setElementOrder\/containers must be a list$/,
  ],
];

describe("a strategic merge patch", () => {
  for (const [name, type, target, patch, result] of cases) {
    test(name, () => {
      const before = JSON.stringify(target);
      assert.deepEqual(strategicPatch(target, patch, typeNamed(type)), result);
      assert.equal(JSON.stringify(target), before);
    });
  }
  for (const [name, patch, message] of failures) {
    test(`is refused for ${name}`, () => {
      assert.throws(
        () => strategicPatch({}, patch, spec),
        (error) => error instanceof StrategicPatchError && message.test(error.message),
      );
    });
  }
});
