/**
 * `fairway proxy`, and a real kube-proxy where there is one, as processes beside the same API server, each alone and with the same
 * configuration file. Measured from outside: from the API write to the kernel's commit, as a netlink listener hears of it.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { endpointSlices, services } from "../../src/kubernetes/resource.ts";
import { run } from "../../src/linux/command.ts";
import type { ProxyMode } from "../../src/serviceproxy/config/modes.ts";
import { cpuOf, memoryOf, type Quantiles, quantilesOf } from "../figures.ts";
import { type Cluster, fairway, start, startCluster } from "./cluster.ts";
import { Commits, clock } from "./commits.ts";
import { changedAddress, nodeName, podCIDR, type Size, serviceNumber, sliceNumber } from "./objects.ts";

/** Modes whose rules the listener can hear of, and that kube-proxy has too. */
export const heardModes: readonly ProxyMode[] = ["nftables", "iptables"];

export interface ProcessesTask extends Size {
  modes: readonly ProxyMode[];
  /** Path of the program; absent: only ours. */
  kubeProxy?: string;
  /** The most changes of each kind that are measured, and the milliseconds after which no more are begun. */
  changes: number;
  patience: number;
}

/** Times in milliseconds. */
export interface ProcessFigures {
  proxy: "fairway" | "kube-proxy";
  mode: ProxyMode;
  /** From the start of the process to its last commit before its first sync was done. */
  cold: number;
  coldCpu: number;
  endpointChanged: Quantiles;
  serviceAdded: Quantiles;
  /** Mean processor time of one change or addition, of programs that the proxy runs too. */
  changeCpu: number;
  /** Megabytes (PSS), after the changes. */
  memory: number;
}

const coldPatience = 600_000;
const changePatience = 60_000;
/** Milliseconds between two changes, so that none finds the proxy busy with what it does after the one before. */
const rest = 50;

export async function measureProcesses(task: ProcessesTask): Promise<ProcessFigures[]> {
  const cluster = await startCluster(task);
  const commits = await Commits.open();
  const figures: ProcessFigures[] = [];
  let changed = 0;
  for (const mode of task.modes)
    for (const proxy of ["fairway", "kube-proxy"] as const) {
      if (proxy === "kube-proxy" && task.kubeProxy === undefined) continue;
      const measured = await measureOne({ ...task, proxy, mode, cluster, commits, changed });
      figures.push(measured);
      changed += measured.endpointChanged.count + measured.serviceAdded.count;
    }
  return figures;
}

interface OneTask extends ProcessesTask {
  proxy: ProcessFigures["proxy"];
  mode: ProxyMode;
  cluster: Cluster;
  commits: Commits;
  /** Changes that were made before: each has an address of its own. */
  changed: number;
}

async function measureOne(task: OneTask): Promise<ProcessFigures> {
  const { proxy, mode, cluster, commits, services: count, endpoints } = task;
  const { client } = cluster;
  const startedAt = clock();
  const child = await startProxy(task);
  try {
    await synced(child);
    const cold = commits.last - startedAt;
    const pid = child.pid!;
    const coldCpu = cpuOf(pid);
    let { changed } = task;
    const repeat = async (write: (index: number, change: number) => Promise<void>) => {
      const times: number[] = [];
      const end = clock() + task.patience;
      for (let index = 0; index < task.changes && (index < 3 || clock() < end); index += 1) {
        changed += 1;
        await sleep(rest);
        const begin = clock();
        const [time] = await Promise.all([
          commits.with(changedAddress(changed), changePatience),
          write(index, changed),
        ]);
        times.push(time - begin);
      }
      return quantilesOf(times);
    };
    const endpointChanged = await repeat(async (index, change) => {
      await client.update(endpointSlices, sliceNumber((index * 7919) % count, endpoints, change));
    });
    const serviceAdded = await repeat(async (_, change) => {
      await client.create(services, serviceNumber(count + change));
      await client.create(endpointSlices, sliceNumber(count + change, endpoints, change));
    });
    const changeCpu = (cpuOf(pid) - coldCpu) / (endpointChanged.count + serviceAdded.count);
    return { proxy, mode, cold, coldCpu, endpointChanged, serviceAdded, changeCpu, memory: memoryOf(pid) };
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
    await run("nft", ["flush", "ruleset"], { timeout: 120_000 });
  }
}

async function startProxy({ proxy, mode, cluster, kubeProxy }: OneTask): Promise<ChildProcess> {
  const file = join(cluster.directory, `${proxy}-${mode}.json`);
  await writeFile(file, JSON.stringify(configuration(mode, cluster.kubeconfig)));
  if (proxy === "kube-proxy") return start([kubeProxy!, "--config", file]);
  return start([...fairway, "proxy", "--config", file]);
}

const pages = { healthzBindAddress: "127.0.0.1:10256", metricsBindAddress: "127.0.0.1:10249" };

/** JSON is YAML too. The least wait between two syncs, so that the changes need not be a second apart. */
function configuration(mode: ProxyMode, kubeconfig: string) {
  const periods = { minSyncPeriod: "1ms", syncPeriod: "30s" };
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode,
    // The embedded API does not speak protobuf, kube-proxy's default.
    clientConnection: { kubeconfig, contentType: "application/json", acceptContentTypes: "application/json" },
    hostnameOverride: nodeName,
    clusterCIDR: podCIDR,
    // What may not be writable in a namespace is left alone.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
    iptables: periods,
    nftables: periods,
    ...pages,
  };
}

/** Both proxies tell of their syncs by the same metric. */
async function synced(child: ChildProcess): Promise<void> {
  const end = clock() + coldPatience;
  while (clock() < end) {
    if (child.exitCode !== null)
      throw new Error(`the proxy ended with ${child.exitCode}; FAIRWAY_LOG_LEVEL=info tells why`);
    const text = await fetch(`http://${pages.metricsBindAddress}/metrics`).then(
      (response) => response.text(),
      () => "",
    );
    const [, last] = /^kubeproxy_sync_proxy_rules_last_timestamp_seconds\{ip_family="IPv4"\} (\S+)/m.exec(text) ?? [];
    if (Number(last) > 0) return;
    await sleep(50);
  }
  throw new Error(`no sync within ${coldPatience / 1000} s`);
}
