/**
 * npm start, as a person types it, to the first HTTP 200 through a NodePort. Several runs; median and range. On a machine that does other
 * things as well CPU seconds say more than the clock: a boot is the CPU time of a dozen processes.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { hostPaths } from "../src/cluster/config.ts";
import { descendants } from "../test/support/processes.ts";
import { printTimes, printUsage, type Times, timesOf, totalOf, usageOf } from "./processes.ts";

const runs = 7;

/** Published, minikube's own benchmark v1.36.0: command to running application with DNS, on other machines. */
const published = { k3d: 19.9, kind: 33.0, minikube: 50.8 };

export async function main(): Promise<void> {
  const seconds: number[] = [];
  const times: Times[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const name = `boot${run}`;
    const begin = performance.now();
    const child = spawn("npm", ["start", "--silent", "--", "--name", name], { stdio: "ignore", detached: true });
    await firstAnswer(child);
    const took = (performance.now() - begin) / 1000;
    const cpu = timesOf(descendants(child.pid!));
    if (run === 0) {
      // It fills the caches; it is told, not counted. What was compiled in it is kept a while after the boot (src/code-cache.ts).
      process.stdout.write(`first run (caches cold): ${took.toFixed(2)} s, CPU ${totalOf(cpu).toFixed(2)} s\n`);
      await sleep(8_000);
    } else {
      seconds.push(took);
      times.push(cpu);
    }
    if (run === runs) await memory(name);
    await ended(child);
  }
  const median = medianOf(seconds);
  process.stdout.write(
    `npm start to the first HTTP 200 through a NodePort, 3 nodes, ${runs} runs: median ${median.toFixed(2)} s ` +
      `(${Math.min(...seconds).toFixed(2)} to ${Math.max(...seconds).toFixed(2)}), CPU ${medianOf(times.map(totalOf)).toFixed(2)} s\n`,
  );
  printTimes(times);
  for (const [peer, figure] of Object.entries(published)) {
    process.stdout.write(
      `  ${peer.padEnd(9)} ${figure} s published, not measured here: ${(figure / median).toFixed(0)} times as long\n`,
    );
  }
}

function medianOf(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** The first node has the tenth address of the first free range. */
async function firstAnswer(child: ChildProcess): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}`);
    if (await answers("http://198.18.0.10:30080/")) return;
    await sleep(5);
  }
  throw new Error("no answer within 60 s");
}

/** Briefly, so that a packet that was lost to a rule or route not there yet is not waited for. */
function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(url, { agent: false, timeout: 100 }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode === 200));
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(false));
    asked.end();
  });
}

async function memory(name: string): Promise<void> {
  // A cluster at rest: what boot left behind has been collected.
  await sleep(10_000);
  const { pid } = JSON.parse(await readFile(hostPaths(name).info, "utf8")) as { pid: number };
  process.stdout.write("memory, 3 nodes with the example, 10 s after boot:\n");
  printUsage(usageOf(descendants(pid)));
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = new Promise((resolve) => child.on("exit", resolve));
  process.kill(-child.pid!, "SIGINT");
  await exit;
}
