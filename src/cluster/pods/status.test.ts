import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../kubernetes/types.ts";
import type { Container } from "./runtime.ts";
import { type ContainerFacts, podStatus, qosClass, type StatusInputs } from "./status.ts";

const at = new Date("2026-01-02T03:04:05Z");

function run(attempt: number, code?: number): Container {
  const spec = { id: `id${attempt}`, attempt, image: "nginx" } as Container["spec"];
  return { spec, pid: 1, startedAt: at, exit: code === undefined ? undefined : { code, finishedAt: at } };
}

function facts(more: Partial<ContainerFacts> = {}): ContainerFacts {
  return { name: "c", role: "main", image: "nginx", runs: [run(0)], started: true, ready: true, ...more };
}

function statusOf(containers: ContainerFacts[], more: Partial<StatusInputs> = {}) {
  return podStatus({
    pod: { metadata: { name: "p", namespace: "n", uid: "u" }, spec: { containers: [] } },
    containers,
    plan: { initialized: true, backoff: new Map() },
    hostIPs: ["198.18.0.10", "fd00:198:18::a"],
    podIPs: ["10.32.0.2", "fd00:10:32::2"],
    startTime: "2026-01-02T03:04:00Z",
    now: at,
    ...more,
  });
}

function conditions(status: ReturnType<typeof statusOf>): Record<string, string> {
  return Object.fromEntries((status.conditions ?? []).map(({ type, status: value }) => [type, value]));
}

test("a running Pod is Ready, with all of its conditions and addresses", () => {
  const status = statusOf([facts()]);
  assert.equal(status.phase, "Running");
  assert.deepEqual(conditions(status), {
    PodReadyToStartContainers: "True",
    Initialized: "True",
    Ready: "True",
    ContainersReady: "True",
    PodScheduled: "True",
  });
  assert.deepEqual(status.podIPs, [{ ip: "10.32.0.2" }, { ip: "fd00:10:32::2" }]);
  assert.deepEqual(status.hostIPs, [{ ip: "198.18.0.10" }, { ip: "fd00:198:18::a" }]);
  assert.deepEqual([status.podIP, status.hostIP], ["10.32.0.2", "198.18.0.10"]);
  assert.deepEqual(status.containerStatuses?.[0]?.state, { running: { startedAt: "2026-01-02T03:04:05Z" } });
  assert.equal(status.containerStatuses?.[0]?.containerID, "fairway://id0");
});

test("before its first container runs a Pod is Pending, and its container is being created", () => {
  const status = statusOf([facts({ runs: [], started: false, ready: false })], { podIPs: [] });
  assert.equal(status.phase, "Pending");
  assert.deepEqual(status.containerStatuses?.[0]?.state, { waiting: { reason: "ContainerCreating" } });
  assert.equal(conditions(status).PodReadyToStartContainers, "False");
  assert.equal(status.podIP, undefined);
});

test("while init containers run the others are PodInitializing", () => {
  const init = facts({ name: "i", role: "init", started: false, ready: false });
  const main = facts({ runs: [], started: false, ready: false });
  const status = statusOf([init, main], { plan: { initialized: false, backoff: new Map() } });
  assert.equal(status.phase, "Pending");
  assert.deepEqual(status.containerStatuses?.[0]?.state, { waiting: { reason: "PodInitializing" } });
  assert.match(status.conditions?.find(({ type }) => type === "Initialized")?.message ?? "", /\[i\]/);
});

test("in back-off a container waits as CrashLoopBackOff with its last end, and the Pod stays Running", () => {
  const status = statusOf([facts({ runs: [run(0, 1), run(1, 3)], started: false, ready: false })], {
    plan: { initialized: true, backoff: new Map([["c", 80_000]]) },
  });
  const [container] = status.containerStatuses ?? [];
  assert.equal(status.phase, "Running");
  assert.equal(container?.state?.waiting?.reason, "CrashLoopBackOff");
  assert.match(container?.state?.waiting?.message ?? "", /^back-off 1m20s restarting failed container=c pod=p_n\(u\)$/);
  assert.equal(container?.lastState?.terminated?.exitCode, 3);
  assert.equal(container?.restartCount, 1);
  assert.equal(conditions(status).Ready, "False");
});

test("one container that cannot be made keeps the Pod Pending", () => {
  const waiting = { reason: "ErrImagePull", message: "no such image" };
  const status = statusOf([facts(), facts({ name: "d", runs: [], started: false, ready: false, waiting })]);
  assert.equal(status.phase, "Pending");
  assert.deepEqual(status.containerStatuses?.[1]?.state, { waiting });
  assert.match(status.conditions?.find(({ type }) => type === "Ready")?.message ?? "", /\[d\]/);
});

for (const [terminal, code, reason] of [
  ["Succeeded", 0, "Completed"],
  ["Failed", 1, "Error"],
] as const)
  test(`a Pod that is over is ${terminal}`, () => {
    const status = statusOf([facts({ runs: [run(0, code)], started: false, ready: false })], {
      plan: { initialized: true, backoff: new Map(), terminal },
    });
    assert.equal(status.phase, terminal);
    assert.equal(status.containerStatuses?.[0]?.state?.terminated?.reason, reason);
    assert.equal(conditions(status).Ready, "False");
  });

test("a Pod is not over while a sidecar still runs", () => {
  const side = facts({ name: "s", role: "sidecar" });
  const status = statusOf([side, facts({ runs: [run(0, 0)], started: false, ready: false })], {
    plan: { initialized: true, backoff: new Map(), terminal: "Succeeded" },
  });
  assert.equal(status.phase, "Running");
});

test("a deadline that is over is told", () => {
  const failed = { reason: "DeadlineExceeded", message: "too long" };
  const status = statusOf([facts({ runs: [run(0, 143)], started: false, ready: false })], { failed });
  assert.equal(status.phase, "Failed");
  assert.equal(status.reason, "DeadlineExceeded");
  assert.equal(status.containerStatuses?.[0]?.state?.terminated?.signal, 15);
});

test("what holds already keeps its time; conditions of others stay; readiness gates count", () => {
  const before = "2026-01-01T00:00:00Z";
  const pod: Pod = {
    metadata: { name: "p" },
    spec: { containers: [], readinessGates: [{ conditionType: "example.com/gate" }] },
    status: {
      conditions: [
        { type: "ContainersReady", status: "True", lastTransitionTime: before },
        { type: "example.com/gate", status: "False" },
      ],
    },
  };
  const status = statusOf([facts()], { pod });
  const find = (type: string) => status.conditions?.find((condition) => condition.type === type);
  assert.equal(find("ContainersReady")?.lastTransitionTime, before);
  assert.equal(find("Ready")?.reason, "ReadinessGatesNotReady");
  assert.deepEqual(find("example.com/gate"), { type: "example.com/gate", status: "False" });
});

for (const [resources, expected] of [
  [[undefined], "BestEffort"],
  [[{ requests: { cpu: "1" } }], "Burstable"],
  [[{ limits: { cpu: "1", memory: "1Gi" } }], "Guaranteed"],
  [[{ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" } }], "Burstable"],
  [[{ limits: { cpu: "1", memory: "1Gi" } }, undefined], "Burstable"],
] as const)
  test(`resources ${JSON.stringify(resources)} make a Pod ${expected}`, () => {
    const containers = resources.map((each, index) => ({ name: `c${index}`, resources: each }));
    assert.equal(qosClass({ spec: { containers } } as Pod), expected);
  });
