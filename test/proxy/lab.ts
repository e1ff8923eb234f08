/** A node among others with its proxy, and what tests of the proxy say and ask there. */
import assert from "node:assert/strict";
import pino from "pino";
import { parseAddress } from "../../src/ip/address.ts";
import { run } from "../../src/linux/command.ts";
import { writeSysctl } from "../../src/linux/sysctl.ts";
import { Metrics } from "../../src/role/metrics.ts";
import { ServiceInputs } from "../../src/serviceproxy/inputs.ts";
import { createProxyMetrics } from "../../src/serviceproxy/metrics.ts";
import type { Mode } from "../../src/serviceproxy/modes/mode.ts";
import { Syncer } from "../../src/serviceproxy/sync/syncer.ts";
import { ServiceTable } from "../../src/serviceproxy/table.ts";
import {
  expandService,
  expandSlice,
  type ShortService,
  type ShortSlice,
} from "../../src/serviceproxy/testing/objects.ts";
import { addresses, createTopology, Host, type Topology } from "../support/topology.ts";

/** The proxy without an API: objects go straight in. */
export class Node {
  readonly inputs: ServiceInputs;
  readonly table = new ServiceTable();
  readonly syncer: Syncer;
  /** What it logged that somebody should look at. */
  readonly warnings: string[] = [];

  constructor(modes: readonly Mode[], nodeName = "node") {
    this.inputs = new ServiceInputs({
      nodeName,
      addresses: [parseAddress(addresses.node)!],
      families: modes.map(({ family }) => family),
    });
    this.syncer = new Syncer({
      inputs: this.inputs,
      table: this.table,
      modes,
      metrics: createProxyMetrics(new Metrics(), "iptables"),
      log: pino({ level: "warn" }, { write: (line) => this.warnings.push(line) }),
      onProblem: () => {},
      onChanged: () => {},
      fullSyncPeriod: 3_600_000,
    });
  }
  async set(...objects: (ShortService | ShortSlice)[]): Promise<void> {
    for (const object of objects)
      if ("service" in object) this.inputs.setService(expandService(object));
      else this.inputs.setSlice(expandSlice(object));
    await this.syncer.sync();
  }
}

export interface Lab {
  topology: Topology;
  /** A process on the node itself. */
  own: Host;
  remove(): void;
}

/** The topology with Pods a, b and c serving TCP 8080 and UDP 5353. */
export async function createLab(): Promise<Lab> {
  const topology = await createTopology();
  const own = await Host.inThisNamespace("node");
  const { pods, other } = topology;
  for (const [host, address] of [
    [pods.a, addresses.a],
    [pods.b, addresses.b],
    [other, addresses.c],
  ] as const) {
    const named = host === other ? "c" : host.name;
    await host.serveTcp(address, 8080, named);
    await host.serveUdp(address, 5353, named);
  }
  return {
    topology,
    own,
    remove() {
      own.remove();
      topology.remove();
    },
  };
}

export const six = { a: "fd00:32::3", b: "fd00:32::5", client: "fd00:32::9" } as const;

/** Gives the node and its Pods IPv6 too. */
export async function addSix({ topology: { pods } }: Lab): Promise<void> {
  for (const name of ["a", "b", "client"] as const) {
    await run("ip", ["addr", "add", "fe80::1/64", "dev", `pod-${name}`, "nodad"]);
    await run("ip", ["route", "add", `${six[name]}/128`, "dev", `pod-${name}`]);
    await pods[name].ip(
      `addr add ${six[name]}/128 dev eth0 nodad`,
      "addr add fe80::2/64 dev eth0 nodad",
      "route add default via fe80::1 dev eth0",
    );
  }
  // Rules are asked only about what can be routed.
  await run("ip", ["-6", "route", "add", "default", "dev", "eth0"]);
  await writeSysctl("net/ipv6/conf/all/forwarding", "1");
  for (const name of ["a", "b"] as const) {
    await pods[name].serveTcp(six[name], 8080);
    await pods[name].serveUdp(six[name], 5353);
  }
}

const here = "@node";
export const web: ShortService = {
  service: "default/web",
  ip: "10.96.0.20",
  type: "NodePort",
  ports: ["http/TCP 80 node 30080"],
};
export const webSlice = (...endpoints: string[]): ShortSlice => ({
  slice: "default/web-1",
  of: "web",
  ports: ["http/TCP 8080"],
  endpoints,
});
export const a = `${addresses.a} ${here}`;
export const b = `${addresses.b} ${here}`;
export const c = `${addresses.c} @other`;

/** Asks until all of `names` have answered; fails when one has not after a number of questions that chance cannot explain. */
export async function assertSpread(ask: () => Promise<string>, names: string[]): Promise<Set<string>> {
  const heard = new Set<string>();
  const clients = new Set<string>();
  // With two endpoints the odds that one is never chosen are 2^-59.
  for (let question = 0; question < 60 && heard.size < names.length; question += 1) {
    const [name = "", client = ""] = (await ask()).split(" ");
    heard.add(name);
    clients.add(client);
  }
  assert.deepEqual([...heard].sort(), names.toSorted());
  return clients;
}
