/** Where packets go through the rules, against what kube-proxy 1.36 does with them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import data from "../../testing/flows.json" with { type: "json" };
import { expandConfig, IptablesFixture, localAddresses, type ShortConfig } from "../../testing/iptables-fixture.ts";
import type { ShortService, ShortSlice } from "../../testing/objects.ts";
import { followPacket } from "../../testing/packet-model.ts";

interface Case {
  id: string;
  config: ShortConfig;
  /** "same" as in the case before. */
  services: ShortService[] | "same";
  slices: ShortSlice[] | "same";
  flows: string[];
}

const flowPattern = /^(\S+) (\S+): (TCP|UDP|SCTP) (\S+) > \[?(.*?)\]?:(\d+) = (\S+)( masq)?$/;

let services: ShortService[] = [];
let slices: ShortSlice[] = [];
for (const entry of data.cases as Case[]) {
  if (entry.services !== "same") services = entry.services;
  if (entry.slices !== "same") slices = entry.slices;
  const fixture = new IptablesFixture(expandConfig(entry.config)).add(services, slices);
  fixture.sync();
  for (const flow of entry.flows) {
    const [, modes = "", name, protocol = "", source = "", destination = "", port, output = "", masquerade] =
      flowPattern.exec(flow) ?? assert.fail(`unreadable flow: ${flow}`);
    if (!modes.split("+").includes("iptables")) continue;
    test(`${entry.id}: ${name}`, () => {
      const packet = { source, destination, protocol, port: Number(port) };
      const outcome = followPacket(fixture.model.tables, packet, localAddresses);
      assert.deepEqual(outcome.outputs.sort(), output === "-" ? [] : output.split(",").sort());
      assert.equal(outcome.masquerade, masquerade !== undefined);
    });
  }
}
