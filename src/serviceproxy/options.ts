import { hostname } from "node:os";
import { type Family, parseAddress } from "../ip/address.ts";
import { formatPrefix, parsePrefix, prefixContains } from "../ip/prefix.ts";
import { parseBindAddress } from "./http-server.ts";
import type { LocalTraffic } from "./modes/local-traffic.ts";

/** The modes that this version has. */
const modes = ["iptables", "nftables"] as const;
export type ProxyMode = (typeof modes)[number];

/** How the proxy is set up; the defaults are kube-proxy's. Durations in milliseconds. */
export interface ProxySettings {
  /** "": the Pod's own ServiceAccount. */
  kubeconfig: string;
  /** Overrides the kubeconfig's server. */
  master: string;
  nodeName: string;
  mode: ProxyMode;
  masqueradeAll: boolean;
  masqueradeBit: number;
  localhostNodePorts: boolean;
  syncPeriod: number;
  minSyncPeriod: number;
  /** How Pods' traffic is told from the rest, by family. */
  localTraffic: Partial<Record<Family, LocalTraffic>>;
  /** Prefixes; empty: all of the node's addresses. The one word "primary": the Node object's. */
  nodePortAddresses: string[];
  healthzBindAddress: string;
  metricsBindAddress: string;
  cleanup: boolean;
  help: boolean;
}

/** A flag that is unknown, not supported yet, or has a bad value. */
export class FlagError extends Error {
  override name = "FlagError";
}

interface Flag {
  /** What stands behind it in the help; absent: a switch. */
  value?: string;
  help: string;
  read: (text: string, flag: string) => Partial<Raw>;
}

/** What the flags say, before they are looked at together. */
interface Raw extends Omit<ProxySettings, "localTraffic"> {
  clusterCIDR: string[];
  detectLocalMode: string;
  bridge: string;
  prefix: string;
}

const durationUnits: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Go's form, "1h2m3.5s", as milliseconds. */
function readDuration(text: string, flag: string): number {
  if (text === "0") return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text)
    throw new FlagError(`--${flag}: "${text}" is not a duration such as 30s or 1m30s`);
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * durationUnits[unit!]!, 0);
}

function readBoolean(text: string, flag: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new FlagError(`--${flag}: "${text}" is neither true nor false`);
}

function readAddress(text: string, flag: string): string {
  if (text !== "" && parseBindAddress(text) === undefined)
    throw new FlagError(`--${flag}: "${text}" is not an address such as 0.0.0.0:10256`);
  return text;
}

function readPrefixes(text: string, flag: string): string[] {
  return text
    .split(",")
    .filter((part) => part !== "")
    .map((part) => {
      const prefix = parsePrefix(part.trim());
      if (prefix === undefined) throw new FlagError(`--${flag}: "${part}" is not an address range such as 10.0.0.0/8`);
      return formatPrefix(prefix);
    });
}

const text = (read: (value: string) => Partial<Raw>, value: string, help: string): Flag => ({ value, help, read });

const flags: Record<string, Flag> = {
  kubeconfig: text((value) => ({ kubeconfig: value }), "FILE", "how to reach the API server"),
  master: text((value) => ({ master: value }), "URL", "overrides the kubeconfig's server"),
  "hostname-override": text(
    (value) => ({ nodeName: value.trim().toLowerCase() }),
    "NODE",
    "name of this node; the host's name by default",
  ),
  "proxy-mode": {
    value: "MODE",
    help: `${modes.join(" or ")} (${modes[0]})`,
    read: (value) => {
      const mode = value === "" ? modes[0] : modes.find((name) => name === value);
      if (mode === undefined)
        throw new FlagError(
          `--proxy-mode: "${value}" is not a mode that this version has; it has ${modes.join(" and ")}`,
        );
      return { mode };
    },
  },
  "cluster-cidr": {
    value: "CIDR",
    help: "range of the Pods' addresses, one for each family",
    read: (value, flag) => ({ clusterCIDR: readPrefixes(value, flag) }),
  },
  "detect-local-mode": {
    value: "MODE",
    help: "how Pods' traffic is known: ClusterCIDR, BridgeInterface or InterfaceNamePrefix",
    read: (value, flag) => {
      if (!["", "ClusterCIDR", "BridgeInterface", "InterfaceNamePrefix"].includes(value))
        throw new FlagError(
          `--${flag}: "${value}" is not ClusterCIDR, BridgeInterface or InterfaceNamePrefix (NodeCIDR is not supported yet)`,
        );
      return { detectLocalMode: value || "ClusterCIDR" };
    },
  },
  "pod-bridge-interface": text((value) => ({ bridge: value }), "NAME", "the bridge of BridgeInterface"),
  "pod-interface-name-prefix": text((value) => ({ prefix: value }), "PREFIX", "of InterfaceNamePrefix"),
  "masquerade-all": {
    help: "masquerade everything that goes to a cluster address",
    read: (value, flag) => ({ masqueradeAll: readBoolean(value, flag) }),
  },
  "iptables-masquerade-bit": {
    value: "BIT",
    help: "bit of the packet mark that asks for masquerading (14)",
    read: (value, flag) => {
      if (!/^\d{1,2}$/.test(value) || Number(value) > 31)
        throw new FlagError(`--${flag}: "${value}" is not a bit from 0 to 31`);
      return { masqueradeBit: Number(value) };
    },
  },
  "iptables-localhost-nodeports": {
    help: "node ports answer on 127.0.0.1 too (true)",
    read: (value, flag) => ({ localhostNodePorts: readBoolean(value, flag) }),
  },
  "iptables-sync-period": {
    value: "DURATION",
    help: "how often to look whether rules were flushed (30s)",
    read: (value, flag) => ({ syncPeriod: readDuration(value, flag) }),
  },
  "iptables-min-sync-period": {
    value: "DURATION",
    help: "least time between two syncs (1s)",
    read: (value, flag) => ({ minSyncPeriod: readDuration(value, flag) }),
  },
  "nodeport-addresses": {
    value: "CIDRS",
    help: 'addresses of this node that node ports answer on, or "primary"; all by default, in nftables mode "primary"',
    read: (value, flag) => ({ nodePortAddresses: value === "primary" ? [value] : readPrefixes(value, flag) }),
  },
  "healthz-bind-address": {
    value: "ADDRESS",
    help: "for /healthz and /livez (0.0.0.0:10256), empty: none",
    read: (value, flag) => ({ healthzBindAddress: readAddress(value, flag) }),
  },
  "metrics-bind-address": {
    value: "ADDRESS",
    help: "for /metrics (127.0.0.1:10249), empty: none",
    read: (value, flag) => ({ metricsBindAddress: readAddress(value, flag) }),
  },
  cleanup: {
    help: "remove all rules of the proxy and end",
    read: (value, flag) => ({ cleanup: readBoolean(value, flag) }),
  },
  help: { help: "show this help", read: () => ({ help: true }) },
};

/** Flags of kube-proxy that this version does not have. */
const later = new Set(
  `config write-config-to init-only feature-gates kube-api-content-type kube-api-burst kube-api-qps bind-address bind-address-hard-fail
  profiling show-hidden-metrics-for-version ipvs-sync-period ipvs-min-sync-period ipvs-scheduler ipvs-exclude-cidrs ipvs-strict-arp
  ipvs-tcp-timeout ipvs-tcpfin-timeout ipvs-udp-timeout oom-score-adj conntrack-max-per-core conntrack-min
  conntrack-tcp-timeout-established conntrack-tcp-timeout-close-wait conntrack-tcp-be-liberal conntrack-udp-timeout
  conntrack-udp-timeout-stream config-sync-period healthz-port metrics-port proxy-port-range udp-timeout v`.split(
    /\s+/,
  ),
);

/** Reads kube-proxy's flags, "--flag value" or "--flag=value". Throws FlagError. */
export function parseFlags(args: readonly string[]): ProxySettings {
  const raw: Raw = {
    kubeconfig: "",
    master: "",
    nodeName: hostname().toLowerCase(),
    mode: "iptables",
    masqueradeAll: false,
    masqueradeBit: 14,
    localhostNodePorts: true,
    syncPeriod: 30_000,
    minSyncPeriod: 1000,
    nodePortAddresses: [],
    healthzBindAddress: "0.0.0.0:10256",
    metricsBindAddress: "127.0.0.1:10249",
    cleanup: false,
    help: false,
    clusterCIDR: [],
    detectLocalMode: "ClusterCIDR",
    bridge: "",
    prefix: "",
  };
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, name = "", inline] = /^--([^=]+)(?:=(.*))?$/s.exec(word === "-h" ? "--help" : word) ?? [];
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (flag === undefined)
      throw new FlagError(
        later.has(name)
          ? `--${name} is a flag of kube-proxy that this version does not support yet`
          : `unknown: ${word}`,
      );
    const value = inline ?? (flag.value === undefined ? "true" : rest.shift());
    if (value === undefined) throw new FlagError(`--${name} needs a value`);
    Object.assign(raw, flag.read(value, name));
  }
  return settle(raw);
}

function settle(raw: Raw): ProxySettings {
  if (raw.syncPeriod <= 0) throw new FlagError("--iptables-sync-period must be greater than 0");
  if (raw.minSyncPeriod > raw.syncPeriod)
    throw new FlagError("--iptables-min-sync-period must not be longer than --iptables-sync-period");
  const { clusterCIDR, detectLocalMode, bridge, prefix, ...settings } = raw;
  return { ...settings, localTraffic: detectLocal(detectLocalMode, clusterCIDR, bridge, prefix) };
}

function detectLocal(mode: string, cidrs: string[], bridge: string, prefix: string): ProxySettings["localTraffic"] {
  if (mode === "BridgeInterface") {
    if (bridge === "") throw new FlagError("--detect-local-mode BridgeInterface needs --pod-bridge-interface");
    return { 4: { kind: "bridge", name: bridge }, 6: { kind: "bridge", name: bridge } };
  }
  if (mode === "InterfaceNamePrefix") {
    if (prefix === "") throw new FlagError("--detect-local-mode InterfaceNamePrefix needs --pod-interface-name-prefix");
    return { 4: { kind: "prefix", prefix }, 6: { kind: "prefix", prefix } };
  }
  const local: ProxySettings["localTraffic"] = {};
  for (const cidr of cidrs) {
    const family = cidr.includes(":") ? 6 : 4;
    if (local[family] !== undefined) throw new FlagError("--cluster-cidr takes one range of each family");
    local[family] = { kind: "cidr", cidr };
  }
  return local;
}

/** Whether 127.0.0.1 is among the addresses that node ports answer on. */
export function includesLoopback({ nodePortAddresses }: Pick<ProxySettings, "nodePortAddresses">): boolean {
  if (nodePortAddresses.length === 0) return true;
  const loopback = parseAddress("127.0.0.1")!;
  return nodePortAddresses.some((text) => {
    const range = parsePrefix(text);
    return range !== undefined && prefixContains(range, loopback);
  });
}

/** The help of the command. */
export function describeFlags(): string {
  const entries = Object.entries(flags).map(([name, { value, help }]) => [
    `--${name}${value ? ` ${value}` : ""}`,
    help,
  ]);
  const width = Math.max(...entries.map(([left]) => left!.length));
  return entries.map(([left, help]) => `  ${left!.padEnd(width)}  ${help}\n`).join("");
}
