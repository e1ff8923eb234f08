import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import pino from "pino";
import { ListenerError } from "./errors.ts";
import { WatchTrouble } from "./watch-trouble.ts";

let lines: Record<string, unknown>[] = [];
const log = pino({ base: {} }, { write: (line: string) => void lines.push(JSON.parse(line)) });
beforeEach(() => {
  lines = [];
  mock.timers.enable({ apis: ["setTimeout"] });
});
afterEach(() => mock.timers.reset());

test("the trouble of all watches is one line, and is not repeated at once", () => {
  const trouble = new WatchTrouble(log, "cannot follow the API");
  trouble.of("pods")(new Error("socket hang up"));
  trouble.of("nodes")(new Error("socket hang up"));
  trouble.of("pods")(new Error("connect ECONNREFUSED"));
  assert.equal(lines.length, 0);
  mock.timers.tick(250);
  trouble.of("nodes")(new Error("connect ECONNREFUSED"));
  trouble.of("services")(new Error("timed out"));
  mock.timers.tick(250);
  assert.deepEqual(
    lines.map(({ msg, resources, error, err }) => ({ msg, resources, error, err })),
    [
      {
        msg: "cannot follow the API",
        resources: ["pods", "nodes"],
        error: "socket hang up; connect ECONNREFUSED",
        err: undefined,
      },
      { msg: "cannot follow the API", resources: ["services"], error: "timed out", err: undefined },
    ],
  );
});

test("a listener's fault is told at once, with its stack", () => {
  const fault = new TypeError("undefined is not a Pod");
  new WatchTrouble(log, "cannot follow the API").of("pods")(new ListenerError(fault));
  assert.deepEqual(
    lines.map(({ resource, err }) => ({ resource, stack: (err as Error).stack })),
    [{ resource: "pods", stack: fault.stack }],
  );
});
