/**
 * The userspace mode's relay beside HAProxy in TCP mode, one process each on core 0; wrk and a server (HAProxy too) share core 1. Needs the
 * programs haproxy, wrk and taskset. On a busy machine look at requests for each second of the process's own CPU time.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { run } from "../src/linux/command.ts";
import { DescriptorBudget } from "../src/net/budget.ts";
import { Balancer } from "../src/serviceproxy/modes/userspace/balancer.ts";
import { listenTcp } from "../src/serviceproxy/modes/userspace/tcp-port.ts";

const ports = { server: 9000, haproxy: 9001, fairway: 9002 };
const seconds = 4;

const configuration = (mode: string, rest: string) => `global
  nbthread 1
  maxconn 4000
defaults
  mode ${mode}
  timeout client 30s
  timeout server 30s
  timeout connect 5s
listen it
${rest}
`;
const server = configuration(
  "http",
  `  bind 127.0.0.1:${ports.server}\n  http-request return status 200 content-type text/plain string hello`,
);
const haproxy = configuration("tcp", `  bind 127.0.0.1:${ports.haproxy}\n  server one 127.0.0.1:${ports.server}`);

/** Milliseconds of CPU that a process has used. */
async function cpuTime(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function answers(port: number): Promise<void> {
  for (let look = 0; look < 200; look += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false)).on("connect", () => socket.destroy());
    });
    if (open) return;
    await sleep(25);
  }
  throw new Error(`nobody listens on port ${port}`);
}

async function measure(name: string, pid: number, port: number, flags: readonly string[]): Promise<void> {
  const before = await cpuTime(pid);
  const wrk = ["-t1", "-c64", `-d${seconds}s`, ...flags, `http://127.0.0.1:${port}/`];
  const printed = await run("taskset", ["-c", "1", "wrk", ...wrk]);
  const used = (await cpuTime(pid)) - before;
  const requests = Number(/(\d+) requests in/.exec(printed)?.[1]);
  const perCpu = Math.round((requests * 1000) / used);
  process.stdout.write(
    `${name.padEnd(26)} ${Math.round(requests / seconds)} a second; ${perCpu} a second of its CPU\n`,
  );
}

async function inside(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "bench-"));
  const children: ChildProcess[] = [];
  const start = (core: number, ...command: string[]) => {
    const child = spawn("taskset", ["-c", String(core), ...command], { stdio: ["ignore", "ignore", "inherit"] });
    children.push(child);
    return child.pid!;
  };
  try {
    await run("ip", ["link", "set", "lo", "up"]);
    for (const [name, text] of Object.entries({ server, haproxy })) await writeFile(join(directory, name), text);
    start(1, "haproxy", "-q", "-f", join(directory, "server"));
    const pids = {
      haproxy: start(0, "haproxy", "-q", "-f", join(directory, "haproxy")),
      fairway: start(0, process.execPath, fileURLToPath(new URL("main.ts", import.meta.url)), "userspace", "relay"),
    };
    for (const port of Object.values(ports)) await answers(port);
    for (const [what, flags] of [
      ["requests", []],
      ["new connections", ["-H", "Connection: close"]],
    ] as const)
      for (const name of ["haproxy", "fairway", "haproxy", "fairway"] as const)
        await measure(`${name}, ${what}`, pids[name], ports[name], flags);
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await rm(directory, { recursive: true });
  }
}

async function relay(): Promise<void> {
  const balancer = new Balancer();
  const endpoint = {
    address: "127.0.0.1",
    port: ports.server,
    local: true,
    ready: true,
    serving: true,
    terminating: false,
  };
  balancer.update({ cluster: [endpoint], local: [], affinitySeconds: 0 });
  await listenTcp({
    address: "127.0.0.1",
    port: ports.fairway,
    set: "cluster",
    balancer,
    budget: new DescriptorBudget(8000),
    connections: new Set(),
    refused: (error) => process.stderr.write(`${error.message}\n`),
  });
}

export async function main([role]: string[]): Promise<void> {
  if (role === "relay") return relay();
  if (role === "inside") return inside();
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const child = spawn("unshare", ["--net", process.execPath, main, "userspace", "inside"], { stdio: "inherit" });
  await new Promise((resolve) => child.once("exit", resolve));
}
