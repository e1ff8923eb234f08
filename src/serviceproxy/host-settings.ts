/** What the proxy sets on the machine besides rules: limits and timeouts of conntrack, and its own place before the OOM killer. */
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { readSysctl, writeSysctl } from "../linux/sysctl.ts";
import type { Logger } from "../role/log.ts";
import type { KubeProxyConfiguration } from "./config/schema.ts";

type Conntrack = KubeProxyConfiguration["conntrack"];

const maximum = "net/netfilter/nf_conntrack_max";
const hashSizeFile = "/sys/module/nf_conntrack/parameters/hashsize";
/** kube-proxy 1.36 goes no further by itself: a table of this size costs the kernel some 300 MB. */
const mostEntries = 1_048_576;

/** How many connections the kernel should be able to follow; undefined: as many as it does. */
export function conntrackMaximum({ maxPerCore, min }: Conntrack, cores: number): number | undefined {
  if (maxPerCore <= 0) return undefined;
  const scaled = maxPerCore * cores;
  return scaled > mostEntries ? mostEntries : Math.max(scaled, min);
}

/** The settings below /proc/sys that the configuration asks for; the rules are kube-proxy's (pkg/proxy/conntrack/sysctls.go). */
export function conntrackSettings(conntrack: Conntrack, cores: number): [name: string, value: string][] {
  const max = conntrackMaximum(conntrack, cores);
  const seconds = (milliseconds: number) => String(Math.floor(milliseconds / 1000));
  const timeouts: [string, number][] = [
    ["tcp_timeout_established", conntrack.tcpEstablishedTimeout],
    ["tcp_timeout_close_wait", conntrack.tcpCloseWaitTimeout],
    ["udp_timeout", conntrack.udpTimeout],
    ["udp_timeout_stream", conntrack.udpStreamTimeout],
  ];
  return [
    ...(max === undefined ? [] : [[maximum, String(max)] satisfies [string, string]]),
    ...(conntrack.tcpBeLiberal ? [["net/netfilter/nf_conntrack_tcp_be_liberal", "1"] satisfies [string, string]] : []),
    ...timeouts
      .filter(([, time]) => time > 0)
      .map(([name, time]): [string, string] => [`net/netfilter/nf_conntrack_${name}`, seconds(time)]),
  ];
}

/**
 * Sets what differs. What cannot be set is told and left: in a network namespace of its own (a container, an embedded node) the size of the
 * table is the machine's business, not the proxy's.
 */
export async function setConntrack(conntrack: Conntrack, log: Logger): Promise<void> {
  for (const [name, value] of conntrackSettings(conntrack, availableParallelism())) {
    const before = await readSysctl(name);
    if (before === value) continue;
    try {
      if (before === undefined) throw new Error("this kernel, or this network namespace, does not have it");
      await writeSysctl(name, value);
      log.info({ sysctl: name, before, value }, "set");
      // The buckets are the whole machine's: only whoever may set the limit has a say in them.
      if (name === maximum) await growHashTable(Math.floor(Number(value) / 4));
    } catch (error) {
      log.warn({ sysctl: name, value, error: (error as Error).message }, "a setting of conntrack stays as it is");
    }
  }
}

async function growHashTable(buckets: number): Promise<void> {
  const size = Number(await readFile(hashSizeFile, "utf8"));
  if (size < buckets) await writeFile(hashSizeFile, String(buckets));
}

/** From -1000 (never) to 1000: how soon the kernel kills this process when memory is short. */
export async function setOOMScore(score: number, log: Logger): Promise<void> {
  await writeFile("/proc/self/oom_score_adj", String(score)).catch((error: Error) => {
    log.warn({ score, error: error.message }, "the OOM score cannot be set");
  });
}
