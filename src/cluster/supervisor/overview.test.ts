import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Deployment, Node, Pod, Service } from "../../kubernetes/types.ts";
import { describeNode, describePod, describeService } from "./overview.ts";
import { isAvailable } from "./settle/wait.ts";

describe("an overview", () => {
  test("of nodes", () => {
    const node = (status: string, unschedulable = false): Node => ({
      metadata: { name: "node1" },
      spec: { unschedulable },
      status: {
        addresses: [
          { type: "Hostname", address: "node1" },
          { type: "InternalIP", address: "198.18.0.10" },
        ],
        conditions: [{ type: "Ready", status }],
      },
    });
    assert.deepEqual(describeNode(node("True")), { name: "node1", address: "198.18.0.10", status: "Ready" });
    const dual = node("True");
    dual.status?.addresses?.push({ type: "InternalIP", address: "fd00:198:18::a" });
    assert.deepEqual([describeNode(dual).address, describeNode(dual).ipv6], ["198.18.0.10", "fd00:198:18::a"]);
    assert.equal(describeNode(node("Unknown", true)).status, "NotReady,SchedulingDisabled");
  });

  const pods: [name: string, pod: Pod, ready: string, status: string][] = [
    ["pending", { status: { phase: "Pending" }, spec: { containers: [{ name: "a" }] } }, "0/1", "Pending"],
    [
      "waiting",
      {
        spec: { containers: [{ name: "a" }, { name: "b" }] },
        status: {
          phase: "Pending",
          containerStatuses: [
            { name: "a", ready: true, image: "", imageID: "", restartCount: 0 },
            {
              name: "b",
              ready: false,
              image: "",
              imageID: "",
              restartCount: 0,
              state: { waiting: { reason: "ImagePullBackOff" } },
            },
          ],
        },
      },
      "1/2",
      "ImagePullBackOff",
    ],
    [
      "terminating",
      { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" }, status: { phase: "Running" } },
      "0/0",
      "Terminating",
    ],
  ];
  for (const [name, pod, ready, status] of pods)
    test(`of a Pod that is ${name}`, () => {
      const described = describePod(pod);
      assert.deepEqual([described.ready, described.status, described.ip], [ready, status, "<none>"]);
    });

  test("of Services, with the TCP ports that are open on nodes", () => {
    const service: Service = {
      metadata: { name: "dns", namespace: "kube-system" },
      spec: {
        type: "NodePort",
        clusterIP: "10.96.0.10",
        ports: [
          { port: 53, protocol: "UDP", nodePort: 30_053 },
          { port: 80, nodePort: 30_080 },
        ],
      },
    };
    const described = describeService(service);
    assert.deepEqual([described.ports, described.nodePorts], ["53:30053/UDP,80:30080/TCP", [30_080]]);
    assert.equal(describeService({ spec: { clusterIP: "" } }).clusterIP, "<none>");
  });
});

describe("a Deployment is available", () => {
  const deployment = (status: Deployment["status"], replicas = 2): Deployment => ({
    metadata: { generation: 3 },
    spec: { replicas, selector: {}, template: {} },
    status,
  });
  const cases: [status: Deployment["status"], available: boolean][] = [
    [{ observedGeneration: 3, updatedReplicas: 2, availableReplicas: 2 }, true],
    [{ observedGeneration: 2, updatedReplicas: 2, availableReplicas: 2 }, false],
    [{ observedGeneration: 3, updatedReplicas: 1, availableReplicas: 2 }, false],
    [{ observedGeneration: 3, updatedReplicas: 2, availableReplicas: 1 }, false],
    [{ observedGeneration: 3 }, false],
    [undefined, false],
  ];
  for (const [status, available] of cases)
    test(`${available ? "" : "not "}with ${JSON.stringify(status)}`, () =>
      assert.equal(isAvailable(deployment(status)), available));
  test("when it wants none", () => assert.equal(isAvailable(deployment({ observedGeneration: 3 }, 0)), true));
});
