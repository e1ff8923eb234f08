/** A proxy that is killed anywhere in its writing, again and again, under traffic: no connection is cut and none is refused. */
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { slowness } from "../support/patience.ts";
import type { Host } from "../support/topology.ts";
import { subjects } from "./subjects.ts";
import { useLab } from "./use-lab.ts";

const worker = fileURLToPath(new URL("kill-worker.ts", import.meta.url));
/** An even number; fewer where the processor is emulated. */
const kills = slowness === 1 ? 8 : 4;

const lab = useLab();

function start(name: string, round: number, rounds: number): ChildProcess {
  return fork(worker, [name, String(round), String(rounds)]);
}
/** Waits for a word of the worker, which must live to say it. */
async function hears(child: ChildProcess, word: string): Promise<void> {
  const ended = new AbortController();
  child.once("exit", () => ended.abort(new Error(`the worker ended before it said "${word}"`)));
  while ((await once(child, "message", { signal: ended.signal }))[0] !== word);
}
async function finish(name: string, round: number): Promise<void> {
  assert.deepEqual(await once(start(name, round, 1), "exit"), [0, null]);
}

/** The connection that `client` has under this name outlives every kill. */
async function killAgainAndAgain(name: string, client: Host): Promise<void> {
  const took = { begin: 0, synced: 0 };
  for (let kill = 0; kill < kills; kill += 1) {
    // Half of them compare everything when they are killed, the others write changes.
    const awaited = kill % 2 === 0 ? "begin" : "synced";
    const child = start(name, kill * 3 + 1, 3);
    const gone = once(child, "exit");
    await hears(child, awaited);
    const began = performance.now();
    if (kill >= 2) await sleep(Math.random() * took[awaited]);
    // The first of each tells how long it takes.
    else if (awaited === "begin") await hears(child, "synced");
    else await gone;
    if (kill < 2) took[awaited] = performance.now() - began;
    child.kill("SIGKILL");
    await gone;
    assert.equal(await client.say(name, `kill ${kill}`), `kill ${kill}`);
  }
}

for (const { name, open, dump } of subjects)
  test(`${name}: killed ${kills} times while it writes`, async () => {
    const { client } = lab().topology.pods;
    await finish(name, 0);
    assert.match(await client.open(name, "10.96.0.20", 80), /^[ac] /);
    const failures: string[] = [];
    let asked = 0;
    let asking = true;
    const asker = (async () => {
      for (; asking; asked += 1) {
        let answer = await client.askTcp("10.96.0.20", 80);
        // On a busy machine an answer may take longer than the probe waits; rules that are gone stay silent.
        if (answer === "silence") answer = await client.askTcp("10.96.0.20", 80);
        if (!/^[ac] /.test(answer)) failures.push(answer);
        // An emulated processor has nothing left for the worker otherwise.
        if (slowness > 1) await sleep(100);
      }
    })();
    try {
      await killAgainAndAgain(name, client);
      await finish(name, 99);
    } finally {
      asking = false;
      await asker;
    }
    assert.deepEqual(failures, []);
    assert.ok(asked > kills);
    const settled = await dump();
    const { modes, close } = await open();
    for (const mode of modes) await mode.cleanup();
    await finish(name, 99);
    assert.deepEqual(settled, await dump());
    for (const mode of modes) await mode.cleanup();
    close();
  });
