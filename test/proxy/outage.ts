/** The API is gone for a whole minute, in the two ways in which it can be, under traffic: rules stay, and what was missed is taken up. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { configMaps } from "../../src/kubernetes/resource.ts";
import { addresses } from "../support/topology.ts";
import { kill, ProcessLab } from "./process-lab.ts";

const minute = 60_000;
/** More changes than the API server keeps for watches to take up (src/cluster/storage/store.ts). */
const tooMany = 2200;

const lab = new ProcessLab("nftables");
before(() => lab.start());
after(() => lab.remove());

/** Asks all the time, and fails when somebody else than the Pods answers. */
async function underTraffic(work: () => Promise<void>): Promise<void> {
  const wrong: string[] = [];
  let working = true;
  const asker = (async () => {
    while (working) {
      const answer = await lab.ask();
      if (!/^[ab] /.test(answer)) wrong.push(answer);
      await sleep(20);
    }
  })();
  try {
    await work();
  } finally {
    working = false;
    await asker;
  }
  assert.deepEqual(wrong, []);
}

test("refused for a minute", async () => {
  await lab.answers("a");
  await lab.openKept();
  const before = await lab.readRules();
  await underTraffic(async () => {
    await kill(lab.server);
    await sleep(minute);
    assert.deepEqual(await lab.readRules(), before);
    lab.server = lab.startServer();
    await lab.apiAnswers();
    await lab.setEndpoints("web", addresses.b);
    await lab.answers("b");
  });
  await lab.checkKept("after a minute without an API");
});

test("black-holed for a minute, in which more happens than a watch can take up again", async () => {
  const before = await lab.readRules();
  await underTraffic(async () => {
    await lab.blackHole("-I");
    const until = performance.now() + minute;
    await lab.setEndpoints("web", addresses.a, addresses.b);
    for (let change = 0; change < tooMany; change += 1) {
      const name = `change-${change}`;
      await lab.client.create(configMaps, { metadata: { name, namespace: "default" } });
    }
    await lab.setEndpoints("web", addresses.a);
    await sleep(Math.max(0, until - performance.now()));
    assert.deepEqual(await lab.readRules(), before);
    await lab.blackHole("-D");
    await lab.answers("a", 120_000);
  });
  await lab.checkKept("after a minute in the dark");
});
