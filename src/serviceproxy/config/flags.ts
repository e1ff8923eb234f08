/**
 * kube-proxy's flags (cmd/kube-proxy/app/options.go of Kubernetes 1.36, and the userspace mode's of 1.25) and where each goes. What a
 * value may be is checked with the whole configuration (validate.ts); here only whether it is of the right kind.
 */
import { withPort } from "./defaults.ts";
import { parseDuration } from "./duration.ts";
import { proxyModes } from "./modes.ts";
import type { KubeProxyConfiguration } from "./schema.ts";

/** A flag that is unknown or has a value of the wrong kind. */
export class FlagError extends Error {
  override name = "FlagError";
}

/** What flags fill in. */
export interface FlagValues {
  configuration: KubeProxyConfiguration;
  /** Names of the flags seen so far. */
  given: Set<string>;
  configFile: string;
  writeConfigTo: string;
  master: string;
  hostnameOverride: string;
  cleanup: boolean;
  initOnly: boolean;
  help: boolean;
  version: boolean;
}

export interface Flag {
  /** What stands behind it in the help; absent: a switch. */
  value?: string;
  help: string;
  /** Holds although there is a configuration file. */
  besideFile?: boolean;
  /** Why it does less than its name says; told to whoever gives it. */
  note?: string;
  /** Only for command lines of old: not in the help. */
  hidden?: boolean;
  read(text: string, into: FlagValues, flag: string): void;
}

type Extra = Pick<Flag, "besideFile" | "note" | "hidden">;
type Reader<T> = (text: string, flag: string) => T;

function flag<T>(
  value: string | undefined,
  help: string,
  reader: Reader<T>,
  put: (into: FlagValues, read: T) => void,
  extra: Extra = {},
): Flag {
  return { value, help, ...extra, read: (text, into, name) => put(into, reader(text, name)) };
}
type Configuration = KubeProxyConfiguration;
/** A flag that stands for a field of the configuration. */
function field<T>(
  value: string | undefined,
  help: string,
  reader: Reader<T>,
  put: (into: Configuration, read: T) => void,
  extra?: Extra,
): Flag {
  return flag(value, help, reader, ({ configuration }, read) => put(configuration, read), extra);
}

const string: Reader<string> = (text) => text;
const strings: Reader<string[]> = (text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
/** As Go reads them. */
const booleans: Readonly<Record<string, boolean>> = {
  1: true,
  t: true,
  T: true,
  true: true,
  True: true,
  TRUE: true,
  0: false,
  f: false,
  F: false,
  false: false,
  False: false,
  FALSE: false,
};
const boolean: Reader<boolean> = (text, name) => {
  if (Object.hasOwn(booleans, text)) return booleans[text]!;
  throw new FlagError(`--${name}: "${text}" is neither true nor false`);
};
const integer: Reader<number> = (text, name) => {
  if (/^-?\d{1,10}$/.test(text) && Math.abs(Number(text)) < 2 ** 31) return Number(text);
  throw new FlagError(`--${name}: "${text}" is not a whole number`);
};
const number: Reader<number> = (text, name) => {
  if (/^-?\d{1,10}(\.\d{1,10})?$/.test(text)) return Number(text);
  throw new FlagError(`--${name}: "${text}" is not a number`);
};
const duration: Reader<number> = (text, name) => {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined) throw new FlagError(`--${name}: "${text}" is not a duration such as 30s or 1m30s`);
  return milliseconds;
};
/** "A=true,B=false" */
const gates: Reader<Record<string, boolean>> = (text, name) =>
  Object.fromEntries(
    strings(text, name).map((part) => {
      const [gate, value] = part.split("=", 2) as [string, string?];
      if (value === undefined) throw new FlagError(`--${name}: "${part}" is not of the form GATE=true`);
      return [gate, boolean(value, name)];
    }),
  );
const port: Reader<number> = (text, name) => {
  const value = integer(text, name);
  if (value >= 0 && value <= 65_535) return value;
  throw new FlagError(`--${name}: "${text}" is not a port from 0 to 65535`);
};

const noEffect = (why: string): Extra => ({ note: `has no effect: ${why}` });
/** klog's own flags, which Kubernetes dropped with 1.26: logs go to stderr only. */
const formerLogFlags =
  "add-dir-header alsologtostderr log-backtrace-at log-dir log-file log-file-max-size logtostderr one-output skip-headers skip-log-headers stderrthreshold".split(
    " ",
  );
const logSwitches = new Set([
  "add-dir-header",
  "alsologtostderr",
  "logtostderr",
  "one-output",
  "skip-headers",
  "skip-log-headers",
]);
/** Of zap's and klog's buffers; pino's are not theirs. */
const logBufferFlags = "log-json-info-buffer-size log-text-info-buffer-size".split(" ");
const logSplitFlags = "log-json-split-stream log-text-split-stream".split(" ");
const ignore = () => {};

export const flags: Readonly<Record<string, Flag>> = {
  config: flag(
    "FILE",
    "a KubeProxyConfiguration; flags that it could say are ignored beside it",
    string,
    (into, value) => {
      into.configFile = value;
    },
    { besideFile: true },
  ),
  "write-config-to": flag(
    "FILE",
    "write the configuration to this file and end",
    string,
    (into, value) => {
      into.writeConfigTo = value;
    },
    { besideFile: true },
  ),
  cleanup: flag(
    undefined,
    "remove all rules of the proxy and end",
    boolean,
    (into, value) => {
      into.cleanup = value;
    },
    { besideFile: true },
  ),
  "init-only": flag(
    undefined,
    "do what needs all of root's rights (sysctls) and end",
    boolean,
    (into, value) => {
      into.initOnly = value;
    },
    { besideFile: true },
  ),
  kubeconfig: field(
    "FILE",
    "how to reach the API server; without it, the Pod's own ServiceAccount",
    string,
    (into, value) => {
      into.clientConnection.kubeconfig = value;
    },
  ),
  master: flag(
    "URL",
    "overrides the kubeconfig's server",
    string,
    (into, value) => {
      into.master = value;
    },
    { besideFile: true },
  ),
  "hostname-override": flag(
    "NODE",
    "name of this node; the host's name by default",
    string,
    (into, value) => {
      into.hostnameOverride = value;
    },
    { besideFile: true },
  ),
  "proxy-mode": field("MODE", `${proxyModes.join(", ")} (${proxyModes[0]})`, string, (into, value) => {
    into.mode = value;
  }),
  "cluster-cidr": field("CIDR", "range of the Pods' addresses, one for each family", string, (into, value) => {
    into.clusterCIDR = value;
  }),
  "detect-local-mode": field(
    "MODE",
    "how Pods' traffic is known: ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix",
    string,
    (into, value) => {
      into.detectLocalMode = value;
    },
  ),
  "pod-bridge-interface": field("NAME", "the bridge of BridgeInterface", string, (into, value) => {
    into.detectLocal.bridgeInterface = value;
  }),
  "pod-interface-name-prefix": field("PREFIX", "of InterfaceNamePrefix", string, (into, value) => {
    into.detectLocal.interfaceNamePrefix = value;
  }),
  "bind-address": field(
    "ADDRESS",
    "the node's own address, when it is not the Node object's; nothing listens on it",
    string,
    (into, value) => {
      into.bindAddress = value;
    },
  ),
  "nodeport-addresses": flag(
    "CIDRS",
    'addresses of this node that node ports answer on, or "primary"; all by default, in nftables mode "primary"',
    strings,
    ({ configuration, given }, value) => {
      configuration.nodePortAddresses = given.has("nodeport-addresses")
        ? [...configuration.nodePortAddresses, ...value]
        : value;
    },
  ),
  "masquerade-all": field(undefined, "masquerade everything that goes to a cluster address", boolean, (into, value) => {
    into.iptables.masqueradeAll = value;
    into.nftables.masqueradeAll = value;
  }),
  "iptables-masquerade-bit": field(
    "BIT",
    "bit of the packet mark that asks for masquerading (14)",
    integer,
    (into, value) => {
      into.iptables.masqueradeBit = value;
      into.nftables.masqueradeBit = value;
    },
  ),
  "iptables-localhost-nodeports": field(
    undefined,
    "node ports answer on 127.0.0.1 too (true)",
    boolean,
    (into, value) => {
      into.iptables.localhostNodePorts = value;
    },
  ),
  "iptables-sync-period": field(
    "DURATION",
    "how often to look whether rules were flushed, in all modes but ipvs (30s)",
    duration,
    (into, value) => {
      into.iptables.syncPeriod = value;
      into.nftables.syncPeriod = value;
    },
  ),
  "iptables-min-sync-period": field(
    "DURATION",
    "least time between two syncs, in all modes but ipvs (1s)",
    duration,
    (into, value) => {
      into.iptables.minSyncPeriod = value;
      into.nftables.minSyncPeriod = value;
    },
  ),
  "ipvs-sync-period": field("DURATION", "the same for ipvs (30s)", duration, (into, value) => {
    into.ipvs.syncPeriod = value;
  }),
  "ipvs-min-sync-period": field("DURATION", "the same for ipvs (0s)", duration, (into, value) => {
    into.ipvs.minSyncPeriod = value;
  }),
  "ipvs-scheduler": field("NAME", "how ipvs chooses an endpoint (rr)", string, (into, value) => {
    into.ipvs.scheduler = value;
  }),
  "ipvs-exclude-cidrs": field("CIDRS", "virtual servers that ipvs leaves alone", strings, (into, value) => {
    into.ipvs.excludeCIDRs = value;
  }),
  "ipvs-strict-arp": field(
    undefined,
    "answer ARP for Services' addresses on the holder's interface only",
    boolean,
    (into, value) => {
      into.ipvs.strictARP = value;
    },
  ),
  "ipvs-tcp-timeout": field("DURATION", "of idle TCP connections in ipvs; 0 leaves it", duration, (into, value) => {
    into.ipvs.tcpTimeout = value;
  }),
  "ipvs-tcpfin-timeout": field(
    "DURATION",
    "of closing TCP connections in ipvs; 0 leaves it",
    duration,
    (into, value) => {
      into.ipvs.tcpFinTimeout = value;
    },
  ),
  "ipvs-udp-timeout": field("DURATION", "of UDP flows in ipvs; 0 leaves it", duration, (into, value) => {
    into.ipvs.udpTimeout = value;
  }),
  "proxy-port-range": field("RANGE", "ports that the userspace mode listens on (any)", string, (into, value) => {
    into.portRange = value;
  }),
  "udp-timeout": field(
    "DURATION",
    "how long the userspace mode keeps an idle UDP flow (250ms)",
    duration,
    (into, value) => {
      into.udpIdleTimeout = value;
    },
  ),
  "healthz-bind-address": field(
    "ADDRESS",
    "for /healthz and /livez (0.0.0.0:10256), empty: none",
    string,
    (into, value) => {
      into.healthzBindAddress = value === "" ? "" : withPort(value, 10_256);
    },
  ),
  "metrics-bind-address": field(
    "ADDRESS",
    "for /metrics, /proxyMode and /configz (127.0.0.1:10249), empty: none",
    string,
    (into, value) => {
      into.metricsBindAddress = value === "" ? "" : withPort(value, 10_249);
    },
  ),
  "bind-address-hard-fail": field(
    undefined,
    "end when an address of these cannot be listened on, instead of trying again",
    boolean,
    (into, value) => {
      into.bindAddressHardFail = value;
    },
  ),
  "oom-score-adj": field(
    "NUMBER",
    "from -1000 to 1000: how soon the kernel kills this process when memory is short (-999)",
    integer,
    (into, value) => {
      into.oomScoreAdj = value;
    },
  ),
  "conntrack-max-per-core": field(
    "NUMBER",
    "connections that the kernel can follow, for each core; 0 leaves it (32768)",
    integer,
    (into, value) => {
      into.conntrack.maxPerCore = value;
    },
  ),
  "conntrack-min": field("NUMBER", "the least of them all together (131072)", integer, (into, value) => {
    into.conntrack.min = value;
  }),
  "conntrack-tcp-timeout-established": field(
    "DURATION",
    "how long conntrack keeps an idle TCP connection; 0 leaves it (24h)",
    duration,
    (into, value) => {
      into.conntrack.tcpEstablishedTimeout = value;
    },
  ),
  "conntrack-tcp-timeout-close-wait": field("DURATION", "the same in CLOSE_WAIT (1h)", duration, (into, value) => {
    into.conntrack.tcpCloseWaitTimeout = value;
  }),
  "conntrack-tcp-be-liberal": field(
    undefined,
    "conntrack takes TCP packets outside of their window for valid",
    boolean,
    (into, value) => {
      into.conntrack.tcpBeLiberal = value;
    },
  ),
  "conntrack-udp-timeout": field(
    "DURATION",
    "how long conntrack keeps an unanswered UDP flow; 0 leaves it",
    duration,
    (into, value) => {
      into.conntrack.udpTimeout = value;
    },
  ),
  "conntrack-udp-timeout-stream": field(
    "DURATION",
    "the same for an answered one; 0 leaves it",
    duration,
    (into, value) => {
      into.conntrack.udpStreamTimeout = value;
    },
  ),
  v: field(
    "LEVEL",
    "4: log details, 6: log everything",
    integer,
    (into, value) => {
      into.logging.verbosity = value;
    },
    { besideFile: true },
  ),
  "logging-format": field(
    "FORMAT",
    "taken for compatibility: logs are JSON lines on stderr",
    string,
    (into, value) => {
      into.logging.format = value;
    },
    { besideFile: true },
  ),
  "log-flush-frequency": field(
    "DURATION",
    "taken for compatibility",
    duration,
    (into, value) => {
      into.logging.flushFrequency = value;
    },
    { besideFile: true, hidden: true },
  ),
  vmodule: field(
    "PATTERNS",
    "taken for compatibility",
    string,
    (into, value) => {
      into.logging.vmodule = value;
    },
    { besideFile: true, hidden: true, ...noEffect("levels are not set file by file") },
  ),
  "feature-gates": field(
    "GATES",
    "AllowServiceExternalIPs=false: externalIPs of Services get no rules; others have no effect",
    gates,
    (into, value) => {
      Object.assign(into.featureGates, value);
    },
  ),
  "kube-api-content-type": field(
    "TYPE",
    "taken for compatibility",
    string,
    (into, value) => {
      into.clientConnection.contentType = value;
    },
    { hidden: true, ...noEffect("the proxy speaks JSON with the API") },
  ),
  "kube-api-qps": field(
    "NUMBER",
    "taken for compatibility",
    number,
    (into, value) => {
      into.clientConnection.qps = value;
    },
    { hidden: true, ...noEffect("the proxy only watches, and limits its events by itself") },
  ),
  "kube-api-burst": field(
    "NUMBER",
    "taken for compatibility",
    integer,
    (into, value) => {
      into.clientConnection.burst = value;
    },
    { hidden: true, ...noEffect("the proxy only watches, and limits its events by itself") },
  ),
  "config-sync-period": field(
    "DURATION",
    "taken for compatibility",
    duration,
    (into, value) => {
      into.configSyncPeriod = value;
    },
    { hidden: true, ...noEffect("watches tell of every change, and a lost one is noticed") },
  ),
  profiling: field(
    undefined,
    "taken for compatibility",
    boolean,
    (into, value) => {
      into.enableProfiling = value;
    },
    { hidden: true, ...noEffect("use node's --inspect or --cpu-prof") },
  ),
  "show-hidden-metrics-for-version": field(
    "VERSION",
    "taken for compatibility",
    string,
    (into, value) => {
      into.showHiddenMetricsForVersion = value;
    },
    { hidden: true, ...noEffect("no metric is hidden") },
  ),
  "healthz-port": field(
    "PORT",
    "deprecated",
    port,
    (into, value) => {
      into.healthzBindAddress = value === 0 ? "" : `0.0.0.0:${value}`;
    },
    { hidden: true, note: "is deprecated: use --healthz-bind-address" },
  ),
  "metrics-port": field(
    "PORT",
    "deprecated",
    port,
    (into, value) => {
      into.metricsBindAddress = value === 0 ? "" : `127.0.0.1:${value}`;
    },
    { hidden: true, note: "is deprecated: use --metrics-bind-address" },
  ),
  "windows-service": flag(
    undefined,
    "Windows only",
    boolean,
    (_, value) => {
      if (value) throw new FlagError("--windows-service: this proxy runs on Linux");
    },
    { hidden: true },
  ),
  ...Object.fromEntries(
    [...formerLogFlags, ...logBufferFlags, ...logSplitFlags].map((name): [string, Flag] => [
      name,
      {
        value: logSwitches.has(name) || logSplitFlags.includes(name) ? undefined : "VALUE",
        help: "taken for compatibility",
        hidden: true,
        besideFile: true,
        note: "has no effect: logs are JSON lines on stderr",
        read: ignore,
      },
    ]),
  ),
  version: flag(
    undefined,
    "show the version",
    boolean,
    (into, value) => {
      into.version = value;
    },
    { besideFile: true },
  ),
  help: flag(
    undefined,
    "show this help",
    boolean,
    (into, value) => {
      into.help = value;
    },
    { besideFile: true },
  ),
};
