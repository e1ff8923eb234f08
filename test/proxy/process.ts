/** `fairway proxy` as a process beside a real API server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addresses } from "../support/topology.ts";
import type { differences } from "./differences.ts";
import { testFaults } from "./process-faults.ts";
import { ProcessLab } from "./process-lab.ts";
import { testOptions } from "./process-options.ts";
import { testTold } from "./process-told.ts";

/** The test files that load this one differ in it. */
const lab = new ProcessLab((process.env.PROXY_TEST_MODE ?? "iptables") as keyof typeof differences);
before(() => lab.start());
after(() => lab.remove());

test("a Service is served, and follows its endpoints", async () => {
  await lab.answers("a");
  await lab.setEndpoints("web", addresses.b);
  await lab.answers("b");
  const rules = await lab.readRules();
  for (const expected of {
    ipvs: [/^TCP 198\.18\.0\.10:30080 /, /^TCP 10\.96\.0\.1:443 /],
    iptables: [/"default\/web:http".*--dport 30080/, /"default\/kubernetes:https cluster IP"/],
    userspace: [/"default\/web:http".*--dport 30080/, /-j DNAT --to-destination 169\.254\.98\.114:/],
    nftables: [/^external-nodeports tcp \. 30080 /, /^cluster-endpoints-1 10\.96\.0\.1 \. tcp \. 443 \. 0 /],
  }[lab.mode])
    assert.ok(
      rules.some((rule) => expected.test(rule)),
      String(expected),
    );
});

testTold(lab);
testFaults(lab);
testOptions(lab);
