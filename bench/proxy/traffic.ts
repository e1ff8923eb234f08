/**
 * What a mode costs a connection: a client's namespace, the node's (this process's own, with the rules and, in userspace mode, the relay)
 * and a server's. The same server is asked directly, routed through the node, and by a Service's address, in turn.
 */
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type CommandError, run } from "../../src/linux/command.ts";
import { createNetworkNamespace, ipBatch, vethPair } from "../../src/linux/links.ts";
import { writeSysctl } from "../../src/linux/sysctl.ts";
import type { ProxyMode } from "../../src/serviceproxy/config/modes.ts";
import type { Quantiles } from "../figures.ts";
import type { ConnectionTimes } from "./client.ts";
import { Node } from "./node.ts";
import { clusterIP, ports, serviceNumber, sliceNumber, sliceOf } from "./objects.ts";

export interface TrafficTask {
  mode: ProxyMode;
  /** How many Services there are; the one that is used stands in their middle. */
  services: number;
  /** How long each figure is measured, and how often. */
  seconds: number;
  rounds: number;
}

export interface PathFigures extends ConnectionTimes {
  /** A second: connections with one request each, and requests over 64 connections that stay. */
  connections: number;
  requests: number;
  /** Gbit/s of one connection that sends as fast as it can. */
  stream: number;
}

export interface TrafficFigures {
  direct: PathFigures;
  service: PathFigures;
}

/** Those of the programs that it needs which this machine lacks; Debian's packages have their names. */
export async function missingTools(): Promise<string[]> {
  const tools = [
    ["haproxy", "-v"],
    ["wrk", "-v"],
  ] as const;
  const missing: string[] = [];
  for (const [tool, flag] of tools)
    await run(tool, [flag]).catch((error: CommandError) => error.code === null && missing.push(tool));
  return missing;
}

const namespaces = { client: "/run/client", server: "/run/server" };
const server = { http: "172.16.1.2", sink: "172.16.1.3" };
/** Milliseconds after which one of the programs is given up. */
const timeout = 120_000;

const haproxy = `global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 5s
listen it
  bind ${server.http}:${ports.endpoint}
  http-request return status 200 content-type text/plain string hello
`;

export async function measureTraffic({ mode, services, seconds, rounds }: TrafficTask): Promise<TrafficFigures> {
  await connectNamespaces();
  await startServers();
  const node = await Node.open(mode);
  for (let index = 0; index < services; index += 1) node.set(serviceNumber(index), sliceNumber(index, 2));
  const middle = Math.floor(services / 2);
  node.set(serviceNumber(middle), sliceOf(middle, [server.http]));
  node.set(serviceNumber(middle + 1), sliceOf(middle + 1, [server.sink]));
  await node.sync();
  const paths = {
    direct: { http: [server.http, ports.endpoint], sink: [server.sink, ports.endpoint] },
    service: { http: [clusterIP(middle), ports.service], sink: [clusterIP(middle + 1), ports.service] },
  } as const;
  const figures: Record<keyof typeof paths, PathFigures[]> = { direct: [], service: [] };
  for (let round = 0; round < rounds; round += 1)
    for (const path of ["direct", "service"] as const) {
      const { http, sink } = paths[path];
      figures[path].push({
        ...(JSON.parse(await client("connect", ...http, seconds)) as ConnectionTimes),
        connections: await wrk(http, seconds, ["-H", "Connection: close"]),
        requests: await wrk(http, seconds, []),
        stream: JSON.parse(await client("stream", ...sink, seconds)),
      });
    }
  return { direct: meanOf(figures.direct), service: meanOf(figures.service) };
}

async function connectNamespaces(): Promise<void> {
  await run("mount", ["-t", "tmpfs", "tmpfs", "/run"]);
  for (const path of Object.values(namespaces)) await createNetworkNamespace(path);
  await ipBatch([
    vethPair({ name: "client" }, { name: "eth0", namespace: namespaces.client }),
    vethPair({ name: "server" }, { name: "eth0", namespace: namespaces.server }),
    "addr add 172.16.0.1/24 dev client",
    "addr add 172.16.1.1/24 dev server",
    "link set client up",
    "link set server up",
    // What no rule catches must have a way to go, or the kernel refuses the Service's address before it asks the rules.
    "route add default via 172.16.1.2",
  ]);
  const inside = (address: string, gateway: string) => [
    `addr add ${address}/24 dev eth0`,
    "link set lo up",
    "link set eth0 up",
    `route add default via ${gateway}`,
  ];
  await ipBatch(inside("172.16.0.2", "172.16.0.1"), namespaces.client);
  await ipBatch([...inside(server.http, "172.16.1.1"), `addr add ${server.sink}/24 dev eth0`], namespaces.server);
  await writeSysctl("net/ipv4/ip_forward", "1");
}

async function startServers(): Promise<void> {
  await writeFile("/run/haproxy.cfg", haproxy);
  const inServer = (...command: string[]) =>
    spawn("nsenter", [`--net=${namespaces.server}`, ...command], { stdio: ["ignore", "inherit", "inherit"] });
  inServer("haproxy", "-q", "-f", "/run/haproxy.cfg");
  inServer(process.execPath, program, "sink", server.sink, String(ports.endpoint));
  await client("wait", server.http, ports.endpoint);
  await client("wait", server.sink, ports.endpoint);
}

const program = fileURLToPath(new URL("client.ts", import.meta.url));

function client(...args: (string | number)[]): Promise<string> {
  return run("nsenter", [`--net=${namespaces.client}`, process.execPath, program, ...args.map(String)], { timeout });
}

async function wrk([address, port]: readonly [string, number], seconds: number, flags: string[]): Promise<number> {
  const command = ["wrk", "-t1", "-c64", `-d${seconds}s`, ...flags, `http://${address}:${port}/`];
  const printed = await run("nsenter", [`--net=${namespaces.client}`, ...command], { timeout });
  const wrong = /Socket errors: .*|Non-2xx.*/.exec(printed);
  if (wrong !== null && flags.length === 0) throw new Error(`wrk ${address}:${port}: ${wrong[0]}`);
  return Number(/Requests\/sec: +([\d.]+)/.exec(printed)?.[1]);
}

function meanOf(rounds: readonly PathFigures[]): PathFigures {
  const mean = (figure: (round: PathFigures) => number) =>
    rounds.reduce((sum, round) => sum + figure(round), 0) / rounds.length;
  const quantiles = (which: keyof ConnectionTimes): Quantiles => ({
    count: rounds.reduce((sum, round) => sum + round[which].count, 0),
    p50: mean((round) => round[which].p50),
    p99: mean((round) => round[which].p99),
  });
  return {
    connect: quantiles("connect"),
    answer: quantiles("answer"),
    connections: mean(({ connections }) => connections),
    requests: mean(({ requests }) => requests),
    stream: mean(({ stream }) => stream),
  };
}
