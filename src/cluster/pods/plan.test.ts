import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../kubernetes/types.ts";
import { type ContainerView, plan, type Role } from "./plan.ts";

const now = 1_000_000;

/** "i" init, "s" sidecar, "m" main; then "-" not run yet, "r" running, "R" running and started, "0" or "1" ended with it just now, "+" being started. */
function view(word: string, index: number): ContainerView {
  const [kind = "", state = ""] = word;
  const role = ({ i: "init", s: "sidecar", m: "main" } as Record<string, Role>)[kind]!;
  const ended = { state: "ended" as const, attempt: 0, restartDelay: 0, startedAt: now - 5, finishedAt: now - 1 };
  const runs: Record<string, ContainerView["run"]> = {
    r: { state: "running", attempt: 0, restartDelay: 0 },
    R: { state: "running", attempt: 0, restartDelay: 0 },
    "0": { ...ended, exitCode: 0 },
    "1": { ...ended, exitCode: 1 },
  };
  return { name: `${kind}${index}`, role, run: runs[state], starting: state === "+", started: state === "R" };
}

const cases: {
  policy?: string;
  views: string;
  start?: string;
  initialized?: boolean;
  terminal?: string;
  stop?: string;
}[] = [
  { views: "m-", start: "m0", initialized: true },
  { views: "m- m-", start: "m0 m1", initialized: true },
  { views: "m+", initialized: true },
  { views: "mR m1", start: "m1", initialized: true },
  { views: "i- i- m-", start: "i0" },
  { views: "ir i- m-" },
  { views: "i0 i- m-", start: "i1" },
  { views: "i0 i0 m-", start: "m2", initialized: true },
  { views: "i1 m-", start: "i0" },
  { views: "i1 m-", policy: "OnFailure", start: "i0" },
  { views: "i1 m-", policy: "Never", terminal: "Failed" },
  { views: "i0 mR", initialized: true },
  { views: "s- m-", start: "s0" },
  { views: "sr m-" },
  { views: "sR m-", start: "m1", initialized: true },
  { views: "i0 s- i- m-", start: "s1" },
  { views: "s1 mR", start: "s0", initialized: true },
  { views: "sR i- m-", start: "i1" },
  { views: "m0", policy: "Never", terminal: "Succeeded", initialized: true },
  { views: "m1", policy: "Never", terminal: "Failed", initialized: true },
  { views: "m0 m1", policy: "Never", terminal: "Failed", initialized: true },
  { views: "m0 mR", policy: "Never", initialized: true },
  { views: "m0", policy: "OnFailure", terminal: "Succeeded", initialized: true },
  { views: "m1", policy: "OnFailure", start: "m0", initialized: true },
  { views: "m0", policy: "Always", start: "m0", initialized: true },
  { views: "sR m0", policy: "Never", terminal: "Succeeded", initialized: true, stop: "s0" },
];
for (const { policy = "Always", views, start = "", initialized = false, terminal, stop = "" } of cases)
  test(`${policy}: ${views}`, () => {
    const pod = { spec: { restartPolicy: policy, containers: [] } } as Pod;
    const result = plan(pod, views.split(" ").map(view), now);
    assert.equal(result.start.map(({ name }) => name).join(" "), start);
    assert.equal(result.initialized, initialized);
    assert.equal(result.terminal, terminal);
    assert.equal(result.stop.join(" "), stop);
  });

test("a container in back-off waits, and says until when", () => {
  const run = {
    state: "ended",
    attempt: 1,
    restartDelay: 0,
    startedAt: now - 2_000,
    finishedAt: now - 1_000,
    exitCode: 1,
  } as const;
  const views: ContainerView[] = [{ name: "c", role: "main", run, starting: false, started: false }];
  const pod = { spec: { containers: [] } } as Pod;
  const waiting = plan(pod, views, now);
  assert.deepEqual(waiting.start, []);
  assert.deepEqual([...waiting.backoff], [["c", 10_000]]);
  assert.equal(waiting.wakeAt, now + 9_000);
  assert.deepEqual(plan(pod, views, now + 9_000).start, [{ name: "c", attempt: 2, restartDelay: 10_000 }]);
});

test("a start that failed is not tried again before its time", () => {
  const views: ContainerView[] = [{ name: "c", role: "main", starting: false, started: false, retryAt: now + 500 }];
  const pod = { spec: { containers: [] } } as Pod;
  assert.equal(plan(pod, views, now).wakeAt, now + 500);
  assert.equal(plan(pod, views, now + 500).start.length, 1);
});
