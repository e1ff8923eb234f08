import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Pod } from "../../../../kubernetes/types.ts";
import { podRow } from "./row.ts";

const now = Date.parse("2026-01-02T03:04:35Z");
const creationTimestamp = "2026-01-02T03:04:05Z";
const running = { name: "a", image: "", imageID: "", ready: true, restartCount: 0, state: { running: {} } };
const waiting = (reason: string) => ({ ...running, ready: false, state: { waiting: { reason } } });
const ended = (terminated: object) => ({ ...running, ready: false, state: { terminated } });
const ready = { type: "Ready", status: "True" };

/** READY, STATUS and RESTARTS. */
function cells(object: object): string[] {
  const spec = { containers: [{ name: "a" }] };
  return podRow({ metadata: { name: "p", creationTimestamp }, spec, ...object } as Pod, now).slice(1, 4);
}

describe("READY, STATUS and RESTARTS", () => {
  const cases: [string, object, string[]][] = [
    ["nothing known", { status: { phase: "Pending" } }, ["0/1", "Pending", "0"]],
    ["running", { status: { phase: "Running", containerStatuses: [running] } }, ["1/1", "Running", "0"]],
    [
      "not ready",
      { status: { phase: "Running", containerStatuses: [{ ...running, ready: false }] } },
      ["0/1", "Running", "0"],
    ],
    [
      "being created",
      { status: { phase: "Pending", containerStatuses: [waiting("ContainerCreating")] } },
      ["0/1", "ContainerCreating", "0"],
    ],
    [
      "an image that is not known",
      { status: { phase: "Pending", containerStatuses: [waiting("ImagePullBackOff")] } },
      ["0/1", "ImagePullBackOff", "0"],
    ],
    [
      "restarted",
      {
        status: {
          phase: "Running",
          containerStatuses: [
            {
              ...waiting("CrashLoopBackOff"),
              restartCount: 3,
              lastState: { terminated: { exitCode: 1, finishedAt: "2026-01-02T03:04:30Z" } },
            },
          ],
        },
      },
      ["0/1", "CrashLoopBackOff", "3 (5s ago)"],
    ],
    [
      "completed",
      { status: { phase: "Succeeded", containerStatuses: [ended({ exitCode: 0, reason: "Completed" })] } },
      ["0/1", "Completed", "0"],
    ],
    [
      "failed without a reason",
      { status: { phase: "Failed", containerStatuses: [ended({ exitCode: 2 })] } },
      ["0/1", "ExitCode:2", "0"],
    ],
    [
      "killed",
      { status: { phase: "Failed", containerStatuses: [ended({ exitCode: 137, signal: 9 })] } },
      ["0/1", "Signal:9", "0"],
    ],
    ["evicted", { status: { phase: "Failed", reason: "Evicted" } }, ["0/1", "Evicted", "0"]],
    [
      "one completed, one running",
      {
        spec: { containers: [{ name: "a" }, { name: "b" }] },
        status: {
          phase: "Running",
          conditions: [ready],
          containerStatuses: [ended({ exitCode: 0, reason: "Completed" }), { ...running, name: "b" }],
        },
      },
      ["1/2", "Running", "0"],
    ],
    [
      "terminating",
      {
        metadata: { name: "p", creationTimestamp, deletionTimestamp: creationTimestamp },
        status: { phase: "Running", containerStatuses: [running] },
      },
      ["1/1", "Terminating", "0"],
    ],
    [
      "terminating on a lost node",
      {
        metadata: { name: "p", creationTimestamp, deletionTimestamp: creationTimestamp },
        status: { phase: "Running", reason: "NodeLost", containerStatuses: [running] },
      },
      ["1/1", "Unknown", "0"],
    ],
    [
      "gated",
      {
        status: {
          phase: "Pending",
          conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }],
        },
      },
      ["0/1", "SchedulingGated", "0"],
    ],
    [
      "the second init container runs",
      {
        spec: { containers: [{ name: "a" }], initContainers: [{ name: "i" }, { name: "j" }] },
        status: {
          phase: "Pending",
          initContainerStatuses: [ended({ exitCode: 0 }), { ...running, ready: false }],
          containerStatuses: [waiting("PodInitializing")],
        },
      },
      ["0/1", "Init:1/2", "0"],
    ],
    [
      "an init container failed",
      {
        spec: { containers: [{ name: "a" }], initContainers: [{ name: "i" }] },
        status: { phase: "Pending", initContainerStatuses: [{ ...ended({ exitCode: 1 }), restartCount: 2 }] },
      },
      ["0/1", "Init:ExitCode:1", "2"],
    ],
    [
      "an init container crashes again and again",
      {
        spec: { containers: [{ name: "a" }], initContainers: [{ name: "i" }] },
        status: { phase: "Pending", initContainerStatuses: [waiting("CrashLoopBackOff")] },
      },
      ["0/1", "Init:CrashLoopBackOff", "0"],
    ],
    [
      "a sidecar counts as a container",
      {
        spec: { containers: [{ name: "a" }], initContainers: [{ name: "i", restartPolicy: "Always" }] },
        status: {
          phase: "Running",
          initContainerStatuses: [{ ...running, name: "i", started: true }],
          containerStatuses: [running],
        },
      },
      ["2/2", "Running", "0"],
    ],
  ];
  for (const [title, object, expected] of cases) test(title, () => assert.deepEqual(cells(object), expected));
});

test("the wide columns", () => {
  const object = {
    metadata: { name: "p", creationTimestamp },
    spec: { containers: [], nodeName: "node1", readinessGates: [{ conditionType: "a" }, { conditionType: "b" }] },
    status: { phase: "Running", podIPs: [{ ip: "10.32.0.3" }], conditions: [{ type: "a", status: "True" }] },
  } as unknown as Pod;
  assert.deepEqual(podRow(object, now).slice(4), ["30s", "10.32.0.3", "node1", "<none>", "1/2"]);
});
