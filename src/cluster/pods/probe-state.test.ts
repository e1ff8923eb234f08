import assert from "node:assert/strict";
import { test } from "node:test";
import { afterResult, initialState, type ProbeKind, portOf, thresholds, timing } from "./probe-state.ts";

/** + and - are results; the expectation is what holds after each, "!" where the container must be restarted. */
const cases: { kind: ProbeKind; success?: number; failure?: number; results: string; passing: string }[] = [
  { kind: "readiness", results: "+", passing: "y" },
  { kind: "readiness", results: "-+--+---+", passing: "nyyyyyyny" },
  { kind: "readiness", success: 2, results: "++-+", passing: "nyyy" },
  { kind: "readiness", success: 2, failure: 1, results: "++-+-++", passing: "nynnnny" },
  { kind: "liveness", results: "--+---", passing: "yyyyy!" },
  { kind: "liveness", failure: 1, results: "+-", passing: "y!" },
  { kind: "startup", failure: 3, results: "--+", passing: "nny" },
  { kind: "startup", failure: 3, results: "---", passing: "nn!" },
];
for (const { kind, success, failure, results, passing } of cases)
  test(`${kind} ${success ?? 1}/${failure ?? 3}: ${results}`, () => {
    const limits = thresholds({ successThreshold: success, failureThreshold: failure }, kind);
    let state = initialState(kind);
    let seen = "";
    for (const result of results) {
      const next = afterResult(state, result === "+", kind, limits);
      state = next.state;
      seen += next.exhausted ? "!" : state.passing ? "y" : "n";
    }
    assert.equal(seen, passing);
  });

test("defaults are those of core/v1", () => {
  assert.deepEqual(timing({}), { initialDelay: 0, period: 10_000, timeout: 1_000 });
  assert.deepEqual(thresholds({}, "liveness"), { success: 1, failure: 3 });
});

test("a port is a number, digits, or a name of the container's", () => {
  const ports = [{ name: "web", containerPort: 8080 }];
  assert.equal(portOf(80), 80);
  assert.equal(portOf("81"), 81);
  assert.equal(portOf("web", ports), 8080);
  for (const wrong of ["nope", 0, 65536, undefined])
    assert.throws(() => portOf(wrong, ports), /is none of the container's/);
});
