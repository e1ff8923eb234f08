import assert from "node:assert/strict";
import { test } from "node:test";
import pino from "pino";
import { Metrics } from "../../role/metrics.ts";
import { ServiceInputs } from "../inputs.ts";
import { createProxyMetrics } from "../metrics.ts";
import type { Mode } from "../modes/mode.ts";
import { ServiceTable } from "../table.ts";
import { testNode } from "../testing/iptables-fixture.ts";
import { expandService } from "../testing/objects.ts";
import { Syncer } from "./syncer.ts";

/** A mode that writes down what it is asked to do, and fails where it is told to. */
class NotedMode implements Mode {
  readonly family = 4;
  readonly calls: string[] = [];
  failing = new Set<string>();
  /** Comes while the next call is under way. */
  meanwhile: (() => void) | undefined;

  async #note(call: string): Promise<void> {
    this.calls.push(call);
    this.meanwhile?.();
    this.meanwhile = undefined;
    if (this.failing.has(call.split(" ")[0]!)) throw new Error(`${call} failed`);
  }
  sync: Mode["sync"] = (table) => this.#note(`sync ${table.size}`);
  apply: Mode["apply"] = (changes) => this.#note(`apply ${changes.map(({ key }) => key).join()}`);
  isIntact: Mode["isIntact"] = () => this.#note("look").then(() => true);
  cleanup: Mode["cleanup"] = async () => {};
}

/** A syncer that has written everything once. */
async function started(onChanged: (keys: string[]) => void = () => {}) {
  const mode = new NotedMode();
  const inputs = new ServiceInputs({ ...testNode, families: [4] });
  const syncer = new Syncer({
    inputs,
    table: new ServiceTable(),
    modes: [mode],
    metrics: createProxyMetrics(new Metrics(), "iptables"),
    log: pino({ level: "silent" }),
    fullSyncPeriod: Number.POSITIVE_INFINITY,
    onProblem: () => {},
    onChanged: (changes) => onChanged(changes.map(({ key }) => key)),
  });
  await syncer.sync();
  assert.deepEqual(mode.calls.splice(0), ["sync 0"]);
  // Of SCTP no flows are looked for.
  inputs.setService(expandService({ service: "shop/web", ip: "10.96.0.1", ports: ["/SCTP 80"] }));
  return { mode, syncer };
}

test("changes are applied, and everything is compared when that fails", async () => {
  const { mode, syncer } = await started();
  mode.failing.add("apply");
  await syncer.sync();
  assert.deepEqual(mode.calls, ["apply shop/web:/sctp/4", "sync 1"]);
});

test("everything is compared until it could be written", async () => {
  const { mode, syncer } = await started();
  mode.failing = new Set(["apply", "sync"]);
  await assert.rejects(syncer.sync(), /sync 1 failed/);
  mode.failing.clear();
  mode.calls.length = 0;
  await syncer.sync();
  assert.deepEqual(mode.calls, ["sync 1"]);
});

test("changes that come together with a look at the rules are not lost when it fails", async () => {
  const { mode, syncer } = await started();
  mode.failing.add("look");
  syncer.requestCheck();
  await syncer.sync();
  assert.deepEqual(mode.calls, ["look", "sync 1"]);
});

test("what is asked for while a sync is under way is for the next one", async () => {
  const { mode, syncer } = await started();
  syncer.requestFull();
  mode.meanwhile = () => syncer.requestFull();
  for (let i = 0; i < 3; i++) await syncer.sync();
  assert.deepEqual(mode.calls.splice(0), ["sync 1", "sync 1", "apply "]);
  mode.meanwhile = () => syncer.requestCheck();
  for (let i = 0; i < 3; i++) await syncer.sync();
  assert.deepEqual(mode.calls, ["apply ", "look", "apply ", "apply "]);
});

test("changes are told again when the telling failed", async () => {
  const heard: string[][] = [];
  let isDeaf = false;
  const { mode, syncer } = await started((keys) => {
    if (isDeaf) throw new Error("not heard");
    heard.push(keys);
  });
  isDeaf = true;
  await assert.rejects(syncer.sync(), /not heard/);
  isDeaf = false;
  await syncer.sync();
  await syncer.sync();
  assert.deepEqual(heard, [[], ["shop/web:/sctp/4"], []]);
  assert.deepEqual(mode.calls, ["apply shop/web:/sctp/4", "apply ", "apply "]);
});
