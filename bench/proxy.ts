/**
 * The service proxy's own work, measured inside a network namespace: `npm run bench -- proxy [SERVICESxENDPOINTS ...]`. Printed for each size: the cold sync (objects in the caches to the kernel's last
 * acknowledgement), one endpoint changed and one Service added (bytes of the watch event in hand to the acknowledgement), a restart on what
 * the kernel has, and the memory of the process.
 */
import { readFileSync } from "node:fs";
import type { EndpointSlice, Service, WatchEvent } from "../src/kubernetes/types.ts";
import { run } from "../src/linux/command.ts";
import { KernelTable } from "../src/linux/nftables/kernel-table.ts";
import { TableMonitor } from "../src/linux/nftables/monitor.ts";
import { ServiceInputs } from "../src/serviceproxy/inputs.ts";
import { NftablesMode } from "../src/serviceproxy/modes/nftables/mode.ts";
import { serviceSchema } from "../src/serviceproxy/modes/nftables/schema.ts";
import { slimService, slimSlice } from "../src/serviceproxy/slim.ts";
import { ServiceTable } from "../src/serviceproxy/table.ts";

const defaultSizes = ["100x2", "1000x2", "1000x10", "5000x2", "5000x10", "10000x2", "10000x10", "44000x2", "100000x2"];
const changes = 300;

const address = (first: number, index: number) => `${first}.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;

function service(index: number): Service {
  return {
    metadata: { name: `svc-${index}`, namespace: "bench", uid: `uid-${index}`, resourceVersion: "1" },
    spec: {
      type: "ClusterIP",
      clusterIP: address(10, index),
      clusterIPs: [address(10, index)],
      ports: [{ name: "http", protocol: "TCP", port: 80, targetPort: 8080 }],
      selector: { app: `svc-${index}` },
      sessionAffinity: "None",
      internalTrafficPolicy: "Cluster",
    },
    status: { loadBalancer: {} },
  };
}

/** `generation` gives the last endpoint another address. */
function slice(index: number, endpoints: number, generation = 0): EndpointSlice {
  return {
    metadata: {
      name: `svc-${index}-abcde`,
      namespace: "bench",
      resourceVersion: String(generation),
      labels: { "kubernetes.io/service-name": `svc-${index}` },
    },
    addressType: "IPv4",
    ports: [{ name: "http", protocol: "TCP", port: 8080 }],
    endpoints: Array.from({ length: endpoints }, (_, place) => {
      const changed = generation > 0 && place === endpoints - 1;
      return {
        addresses: [changed ? address(173, generation) : address(172, index * endpoints + place)],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: `node-${(index + place) % 50}`,
      };
    }),
  } as EndpointSlice;
}

class Node {
  readonly inputs = new ServiceInputs({ nodeName: "node-0", addresses: [], families: [4] });
  readonly table = new ServiceTable();
  readonly kernel = new KernelTable(serviceSchema(4));
  readonly monitor = new TableMonitor(serviceSchema(4), this.kernel.port);
  readonly mode = new NftablesMode(
    this.kernel,
    () => ({
      family: 4,
      mark: 0x4000,
      masqueradeAll: false,
      localTraffic: { kind: "cidr", cidr: "172.0.0.0/8" },
      nodePortAddresses: ["198.18.0.10"],
      serviceCIDRs: ["10.64.0.0/10"],
    }),
    this.monitor,
  );

  async sync(): Promise<{ compiled: number; written: number }> {
    const start = performance.now();
    this.inputs.compile(this.table);
    this.table.takeChanges();
    const compiled = performance.now();
    await this.mode.sync(this.table);
    return { compiled: compiled - start, written: performance.now() - compiled };
  }
  /** What the reflector does with a line of a watch, and the syncer after it. */
  async receive(line: Buffer): Promise<void> {
    const { object } = JSON.parse(line.toString()) as WatchEvent & { object: Service & EndpointSlice };
    if (object.endpoints === undefined) this.inputs.setService(slimService(object));
    else this.inputs.setSlice(slimSlice(object));
    this.inputs.compile(this.table);
    await this.mode.apply(this.table.takeChanges(), this.table);
  }
}

function quantiles(times: number[]): string {
  times.sort((a, b) => a - b);
  const at = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))]!.toFixed(3);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

const event = (object: object) => Buffer.from(`${JSON.stringify({ type: "MODIFIED", object })}\n`);

async function timed(count: number, line: (index: number) => Buffer[], node: Node): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const lines = line(index);
    const start = performance.now();
    for (const one of lines) await node.receive(one);
    times.push(performance.now() - start);
  }
  return times;
}

/** Pss counts pages that processes share, such as the program's own, only in part. */
function memory(): string {
  const rollup = readFileSync("/proc/self/smaps_rollup", "utf8");
  const read = (name: string) => (Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(rollup)?.[1]) / 1024).toFixed(0);
  return `memory ${read("Pss")} MB proportional, ${read("Rss")} MB resident`;
}

/** One process for each size: none pays for the garbage of the one before. */
export async function main(args: string[]): Promise<void> {
  for (const size of args.length > 0 ? args : defaultSizes) {
    if (!/^[1-9]\d{0,5}x[1-9]\d{0,2}$/.test(size))
      throw new Error(`bench proxy: "${size}" is not a size such as 10000x2`);
    const script = `import("${import.meta.url}").then(({ measure }) => measure("${size}"))`;
    const command = ["--net", "--", process.execPath, "--input-type=module", "-e", script];
    process.stdout.write(await run("unshare", command, { timeout: 300_000 }));
  }
}

export async function measure(size: string): Promise<void> {
  const [services = 0, endpoints = 0] = size.split("x").map(Number);
  const node = new Node();
  for (let index = 0; index < services; index += 1) {
    node.inputs.setService(slimService(service(index)));
    node.inputs.setSlice(slimSlice(slice(index, endpoints)));
  }
  const cpu = process.cpuUsage();
  const cold = await node.sync();
  const { user, system } = process.cpuUsage(cpu);
  const changed = await timed(
    changes,
    (index) => [event(slice((index * 7919) % services, endpoints, index + 1))],
    node,
  );
  const added = await timed(
    changes,
    (index) => [event(service(services + index)), event(slice(services + index, endpoints))],
    node,
  );
  const after = memory();
  const restarted = new Node();
  for (const row of node.table.rows()) restarted.table.setUnit(row.key, [row]);
  const restart = await restarted.sync();
  const seconds = (time: number) => `${(time / 1000).toFixed(3)} s`;
  console.log(
    [
      `nftables ${size}`,
      `cold sync ${seconds(cold.compiled + cold.written)} (compiled in ${seconds(cold.compiled)}; ${seconds((user + system) / 1000)} of processor time)`,
      `endpoint changed ${quantiles(changed)}`,
      `Service added ${quantiles(added)}`,
      `restart ${seconds(restart.written)}`,
      after,
    ].join("; "),
  );
  await node.mode.cleanup();
}
