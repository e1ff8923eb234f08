import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Node } from "../../../kubernetes/types.ts";
import { node } from "./node.ts";
import { created, print, problemsOfCreate, problemsOfUpdate } from "./testing.ts";

describe("create", () => {
  const cases: [string, object, string[]][] = [
    ["a good one", { podCIDR: "10.32.0.0/22", taints: [{ key: "a/b", effect: "NoSchedule" }] }, []],
    [
      "an unknown effect",
      { taints: [{ key: "a", effect: "Never" }] },
      [
        'spec.taints[0].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "PreferNoSchedule"',
      ],
    ],
    [
      "one taint twice",
      {
        taints: [
          { key: "a", effect: "NoSchedule" },
          { key: "a", effect: "NoSchedule", value: "b" },
        ],
      },
      ['spec.taints[1]: Duplicate value: {"key":"a","value":"b","effect":"NoSchedule"}'],
    ],
    [
      "a bad range",
      { podCIDR: "10.32.0.0" },
      ['spec.podCIDRs[0]: Invalid value: "10.32.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
    ],
  ];
  for (const [title, spec, problems] of cases) {
    test(title, () => assert.deepEqual(problemsOfCreate(node, { spec }), problems));
  }
});

describe("update", () => {
  test("a range is given once", () => {
    assert.deepEqual(problemsOfUpdate(node, { spec: {} }, { spec: { podCIDR: "10.32.0.0/22" } }), []);
    const both = { spec: { podCIDR: "10.32.0.0/22", podCIDRs: ["10.32.0.0/22", "fd00:10:32::/64"] } };
    assert.deepEqual(problemsOfUpdate(node, { spec: { podCIDR: "10.32.0.0/22" } }, both), []);
    assert.deepEqual(
      problemsOfUpdate(node, { spec: { podCIDR: "10.32.0.0/22" } }, { spec: { podCIDR: "10.32.4.0/22" } }),
      ['spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'],
    );
  });
  test("addresses are told once", () => {
    const object = created(node, {}) as Node;
    const address = { type: "InternalIP", address: "198.18.0.10" };
    const changed = { ...object, status: { addresses: [address, address] } } as Node;
    assert.deepEqual(print(node.validateStatusUpdate?.(changed, object) ?? []), [
      'status.addresses[1]: Duplicate value: {"type":"InternalIP","address":"198.18.0.10"}',
    ]);
  });
});

describe("row", () => {
  const metadata = { name: "node1", labels: { "node-role.kubernetes.io/worker": "", "kubernetes.io/role": "edge" } };
  const info = { kubeletVersion: "v1", osImage: "Linux", kernelVersion: "6", containerRuntimeVersion: "fairway://0" };
  const status = (ready: string) => ({
    conditions: [{ type: "Ready", status: ready }],
    addresses: [{ type: "InternalIP", address: "198.18.0.10" }],
    nodeInfo: info,
  });
  test("a ready node", () => {
    assert.deepEqual(node.row({ metadata, status: status("True") } as unknown as Node, 0), [
      "node1",
      "Ready",
      "edge,worker",
      "<unknown>",
      "v1",
      "198.18.0.10",
      "<none>",
      "Linux",
      "6",
      "fairway://0",
    ]);
  });
  const cases: [object, string][] = [
    [{ status: status("False") }, "NotReady"],
    [{ status: status("Unknown") }, "NotReady"],
    [{ status: status("True"), spec: { unschedulable: true } }, "Ready,SchedulingDisabled"],
    [{}, "Unknown"],
  ];
  for (const [object, word] of cases) {
    test(word, () => assert.equal(node.row({ metadata, ...object } as Node, 0)[1], word));
  }
});
