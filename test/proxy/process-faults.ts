/** What the proxy survives, and what survives it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { endpointSlices, services } from "../../src/kubernetes/resource.ts";
import { run } from "../../src/linux/command.ts";
import { addresses } from "../support/topology.ts";
import { eventually } from "../support/wait.ts";
import { kill, type ProcessLab } from "./process-lab.ts";

/** At the end the proxy is stopped, and its rules lead to Pod a. */
export function testFaults(lab: ProcessLab): void {
  test("killed: rules and connections stay; started again, it takes up what it missed", async () => {
    await lab.openKept();
    const before = await lab.readRules();
    await kill(lab.proxy);
    await lab.checkWithoutProcess(/^b /);
    await lab.setEndpoints("web", addresses.a);
    assert.deepEqual(await lab.readRules(), before);
    lab.proxy = lab.startProxy();
    await lab.answers("a");
    await lab.checkKept("still here");
  });

  test("killed again and again while it writes, it ends with the right rules and cuts nothing", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `many-${index}`);
    for (const [index, name] of names.entries()) {
      await lab.client.create(services, lab.webService(name, `10.96.1.${index + 1}`, 31_000 + index));
      await lab.client.create(endpointSlices, lab.slice(name, []));
    }
    for (let round = 0; round < 6; round += 1) {
      const changes = names.map((name, index) =>
        lab.setEndpoints(
          name,
          ...((index + round) % 3 === 0 ? [] : [addresses.a, addresses.b].slice(0, 1 + ((index + round) % 2))),
        ),
      );
      // Somewhere between its first byte of the API and the last of its rules.
      await sleep(40 * round);
      await kill(lab.proxy);
      await Promise.all(changes);
      lab.proxy = lab.startProxy();
    }
    const served = (name: string) => lab.topology.pods.client.askTcp(`10.96.1.${names.indexOf(name) + 1}`, 80);
    for (const [index, name] of names.entries()) {
      const refused = (index + 5) % 3 === 0;
      await eventually(
        name,
        () => served(name),
        (answer) => (refused ? answer === "ECONNREFUSED" : /^[ab] /.test(answer)),
      );
    }
    const settled = await lab.readRules();
    await kill(lab.proxy);
    // A fresh start on an empty kernel must come to the same.
    const cleanup = lab.command("proxy", "--cleanup");
    assert.deepEqual(await once(cleanup, "exit"), [0, null]);
    assert.ok(!(await lab.readRules()).some((rule) => /^(nftables|ipvs)$/.test(lab.mode) || rule.includes("KUBE-")));
    lab.proxy = lab.startProxy();
    await lab.rulesAre(settled);
    await lab.checkKept("after all that");
    for (const name of names) await lab.deleteService(name);
    await eventually(
      "their rules are gone",
      () => lab.readRules(),
      (rules) => !rules.some((rule) => /many-|10\.96\.1\./.test(rule)),
    );
  });

  test("an API server that is black-holed, frozen, then killed, costs no rule and no connection", async () => {
    const before = await lab.readRules();
    await lab.blackHole("-I");
    await lab.setEndpoints("web", addresses.b);
    await sleep(1500);
    assert.match(await lab.ask(), /^a /);
    assert.deepEqual(await lab.readRules(), before);
    await lab.blackHole("-D");
    await lab.answers("b");
    await lab.setEndpoints("web", addresses.a);
    await lab.answers("a");
    lab.server.kill("SIGSTOP");
    await sleep(1500);
    assert.match(await lab.ask(), /^a /);
    assert.deepEqual(await lab.readRules(), before);
    lab.server.kill("SIGCONT");
    await lab.setEndpoints("web", addresses.b);
    await lab.answers("b");
    await kill(lab.server);
    assert.match(await lab.ask(), /^b /);
    lab.server = lab.startServer();
    await lab.apiAnswers();
    await lab.setEndpoints("web", addresses.a);
    await lab.answers("a");
    assert.equal(await lab.topology.pods.client.say("kept", "and now"), "and now");
  });

  test("rules that somebody flushed come back by themselves", async () => {
    const right = await lab.readRules();
    if (lab.mode !== "nftables") await run("iptables", ["-t", "nat", "-F"]);
    else await run("nft", ["flush", "ruleset"]);
    await lab.rulesAre(right);
  });

  test("told to stop, it ends orderly and leaves its rules", async () => {
    const before = await lab.readRules();
    const gone = once(lab.proxy, "exit");
    lab.proxy.kill("SIGTERM");
    assert.deepEqual(await gone, [0, null]);
    assert.deepEqual(await lab.readRules(), before);
    await lab.checkWithoutProcess(/^a /);
  });
}
