/** An iptables that lacks something: it is told, and everything else is written. */
import assert from "node:assert/strict";
import { test } from "node:test";
import pino from "pino";
import type { Iptables } from "../../../linux/iptables.ts";
import { ServiceInputs } from "../../inputs.ts";
import { ServiceTable } from "../../table.ts";
import { expandConfig, testNode } from "../../testing/iptables-fixture.ts";
import { expandService, expandSlice } from "../../testing/objects.ts";
import { RulesModel } from "../../testing/rules-model.ts";
import { Abilities } from "./abilities.ts";
import { createIptablesMode } from "./mode.ts";

/** Takes everything but rules with a match that it has not. */
class PoorIptables implements Iptables {
  readonly family = 4;
  readonly version = { text: "1.8.9", backend: "nft" } as const;
  readonly model = new RulesModel();
  readonly #missing: RegExp;

  constructor(missing: RegExp) {
    this.#missing = missing;
  }
  async save(): Promise<string> {
    return this.model.save();
  }
  async restore(input: string): Promise<void> {
    const line = input.split("\n").find((text) => this.#missing.test(text));
    if (line !== undefined) throw new Error(`iptables-restore: line 7 failed (${line})`);
    this.model.restore(input);
  }
  async list(): Promise<undefined> {
    return undefined;
  }
}

test("a Service that has such a name is nobody's lack", () => {
  const abilities = new Abilities(pino({ level: "silent" }));
  abilities.refused(
    new Error('iptables-restore: line 7 failed (-A KUBE-SERVICES -m comment --comment "shop/sctp:http")'),
  );
  assert.equal(abilities.sctp, true);
  abilities.refused(new Error("Warning: Extension sctp revision 0 not supported, missing kernel module?"));
  assert.equal(abilities.sctp, false);
});

test("without SCTP its ports are left out, and the Service's others are served", async () => {
  const warnings: string[] = [];
  const abilities = new Abilities(pino({}, { write: (line) => warnings.push(line) }));
  const iptables = new PoorIptables(/-m sctp/);
  const mode = createIptablesMode(
    iptables,
    () => ({ ...expandConfig({}), sctp: abilities.sctp }),
    (error) => abilities.refused(error),
  );
  const inputs = new ServiceInputs({ ...testNode, families: [4] });
  const table = new ServiceTable();
  inputs.setService(expandService({ service: "shop/web", ip: "10.96.0.1", ports: ["http/TCP 80", "gate/SCTP 81"] }));
  inputs.setSlice(
    expandSlice({ slice: "shop/web-1", of: "web", ports: ["http/TCP 80", "gate/SCTP 81"], endpoints: ["10.1.0.1"] }),
  );
  inputs.compile(table);
  table.takeChanges();
  await assert.rejects(mode.sync(table), /sctp/);
  await mode.sync(table);
  const rules = [...iptables.model.tables.nat.values()].flat().join("\n");
  assert.match(rules, /--to-destination 10\.1\.0\.1:80/);
  assert.doesNotMatch(rules, /sctp/);
  assert.deepEqual(mode.counts.total, { filter: 5, nat: 10 });
  assert.match(warnings.join(), /xt_sctp/);
  // It comes back unharmed from a change of that port.
  inputs.setSlice(
    expandSlice({ slice: "shop/web-1", of: "web", ports: ["http/TCP 80", "gate/SCTP 82"], endpoints: ["10.1.0.2"] }),
  );
  inputs.compile(table);
  await mode.apply(table.takeChanges(), table);
  assert.match([...iptables.model.tables.nat.values()].flat().join("\n"), /--to-destination 10\.1\.0\.2:80/);
});
