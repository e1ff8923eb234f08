import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Pod } from "../../../../kubernetes/types.ts";
import { created, print } from "../testing.ts";
import { pod } from "./pod.ts";

const old = created(pod, {
  metadata: { name: "a" },
  spec: { containers: [{ name: "main", image: "a:1" }], activeDeadlineSeconds: 60, nodeName: "node1" },
}) as Pod;

function problemsOf(change: (spec: NonNullable<Pod["spec"]>) => void): string[] {
  const object = structuredClone(old);
  change(object.spec!);
  return print(pod.validateUpdate?.(object, old) ?? []);
}

const fixed = (field: string) =>
  `spec: Forbidden: pod updates may not change fields other than \`spec.containers[*].image\`,\`spec.initContainers[*].image\`,\`spec.activeDeadlineSeconds\`,\`spec.tolerations\` (only additions to existing tolerations),\`spec.terminationGracePeriodSeconds\` (allow it to be set to 1 if it was previously negative)\nchanged: ${field}`;

describe("updates of a Pod", () => {
  const cases: [string, (spec: NonNullable<Pod["spec"]>) => void, string[]][] = [
    ["nothing", () => {}, []],
    ["another image", (spec) => Object.assign(spec.containers[0]!, { image: "a:2" }), []],
    ["another command", (spec) => Object.assign(spec.containers[0]!, { command: ["x"] }), [fixed("spec.containers")]],
    ["another node", (spec) => Object.assign(spec, { nodeName: "node2" }), [fixed("spec.nodeName")]],
    [
      "one more container",
      (spec) => spec.containers.push({ name: "b", image: "b" }),
      ["spec.containers: Forbidden: pod updates may not add or remove containers"],
    ],
    ["an earlier deadline", (spec) => Object.assign(spec, { activeDeadlineSeconds: 30 }), []],
    [
      "a later deadline",
      (spec) => Object.assign(spec, { activeDeadlineSeconds: 90 }),
      ["spec.activeDeadlineSeconds: Invalid value: 90: must be less than or equal to previous value"],
    ],
    ["one more toleration", (spec) => Object.assign(spec, { tolerations: [{ operator: "Exists" }] }), []],
    [
      "one more gate",
      (spec) => Object.assign(spec, { schedulingGates: [{ name: "a" }] }),
      ["spec.schedulingGates: Forbidden: only deletion is allowed, but found new scheduling gate 'a'"],
    ],
  ];
  for (const [title, change, problems] of cases) test(title, () => assert.deepEqual(problemsOf(change), problems));
  test("a toleration less", () => {
    const before = { ...old, spec: { ...old.spec!, tolerations: [{ key: "a", operator: "Exists" }] } };
    assert.deepEqual(print(pod.validateUpdate?.(old, before) ?? []), [
      "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds",
    ]);
  });
});

describe("updates of a Pod's status", () => {
  const status = (value: object) => print(pod.validateStatusUpdate?.({ ...old, status: value } as Pod, old) ?? []);
  test("addresses", () => {
    assert.deepEqual(status({ podIPs: [{ ip: "10.32.0.3" }], hostIP: "198.18.0.10" }), []);
    assert.deepEqual(status({ podIPs: [{ ip: "10.32.0.3" }, { ip: "10.32.0.3" }] }), [
      'status.podIPs[1].ip: Duplicate value: "10.32.0.3"',
    ]);
    assert.deepEqual(status({ podIPs: [{ ip: "here" }] }), [
      'status.podIPs[0].ip: Invalid value: "here": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ]);
  });
});
