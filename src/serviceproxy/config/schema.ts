/**
 * kubeproxy.config.k8s.io/v1alpha1 KubeProxyConfiguration, as of Kubernetes 1.36, as one table: it gives the type, the defaults
 * (pkg/proxy/apis/config/v1alpha1/defaults.go), the strict decoder and the encoder. Durations are milliseconds here, Go durations in files.
 */
import { formatDuration, parseDuration } from "./duration.ts";

/** A field that holds a value. */
export interface Leaf<T> {
  leaf: true;
  /** What an absent field, and null, means. */
  fallback: T;
  /** An empty value ("", 0) means the default too: Kubernetes cannot tell it from an absent one here. */
  emptyIsAbsent: boolean;
  /** What it takes, for the message when it is something else. */
  wants: string;
  /** Undefined: not a value of this kind. */
  decode(value: unknown): T | undefined;
  encode(value: T): unknown;
}

/** Fields by name. */
export interface Section {
  [name: string]: Leaf<unknown> | Section;
}

/** What a schema's values are. */
export type ValuesOf<S> = { [K in keyof S]: S[K] extends Leaf<infer T> ? T : ValuesOf<S[K]> };

type Options = { emptyIsAbsent?: boolean };
const orDefault: Options = { emptyIsAbsent: true };

function leaf<T>(
  fallback: T,
  wants: string,
  decode: (value: unknown) => T | undefined,
  options: Options = {},
): Leaf<T> {
  const { emptyIsAbsent = false } = options;
  return { leaf: true, fallback, emptyIsAbsent, wants, decode, encode: (value) => value };
}

const string = (fallback = "", options?: Options) =>
  leaf(fallback, "a string", (value) => (typeof value === "string" ? value : undefined), options);
const boolean = (fallback = false) =>
  leaf(fallback, "true or false", (value) => (typeof value === "boolean" ? value : undefined));
const isInt32 = (value: unknown): value is number => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31;
const integer = (fallback: number, options?: Options) =>
  leaf(fallback, "a whole number", (value) => (isInt32(value) ? value : undefined), options);
const number = (fallback: number, options?: Options) =>
  leaf(fallback, "a number", (value) => (typeof value === "number" ? value : undefined), options);
const strings = () =>
  leaf<string[]>([], "a list of strings", (value) =>
    Array.isArray(value) && value.every((entry) => typeof entry === "string") ? value : undefined,
  );
const anything = (fallback: unknown) => leaf<unknown>(fallback, "a value", (value) => value);
const booleans = () =>
  leaf<Record<string, boolean>>({}, "a map of names to true or false", (value) => {
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
    return isMap && Object.values(value).every((entry) => typeof entry === "boolean")
      ? (value as Record<string, boolean>)
      : undefined;
  });
const readDuration = (value: unknown) => (typeof value === "string" ? parseDuration(value) : undefined);
const duration = (fallback: number, options?: Options): Leaf<number> => ({
  ...leaf(fallback, "a duration such as 30s or 1m30s", readDuration, options),
  encode: formatDuration,
});
/** Also a bare number, of nanoseconds: older files have it. */
const flushDuration = (fallback: number): Leaf<number> => ({
  ...duration(fallback, orDefault),
  decode: (value) => (typeof value === "number" ? value / 1e6 : readDuration(value)),
});

const second = 1000;
const hour = 3_600_000;

export const schema = {
  featureGates: booleans(),
  clientConnection: {
    kubeconfig: string(),
    acceptContentTypes: string(),
    contentType: string("application/vnd.kubernetes.protobuf", orDefault),
    qps: number(5, orDefault),
    burst: integer(10, orDefault),
  },
  logging: {
    format: string("text", orDefault),
    flushFrequency: flushDuration(5 * second),
    verbosity: integer(0),
    vmodule: anything([]),
    options: anything({}),
  },
  hostnameOverride: string(),
  bindAddress: string("0.0.0.0", orDefault),
  /** Their defaults depend on bindAddress: see defaults.ts. */
  healthzBindAddress: string(),
  metricsBindAddress: string(),
  bindAddressHardFail: boolean(),
  enableProfiling: boolean(),
  showHiddenMetricsForVersion: string(),
  mode: string(),
  iptables: {
    masqueradeBit: integer(14),
    masqueradeAll: boolean(),
    localhostNodePorts: boolean(true),
    syncPeriod: duration(30 * second, orDefault),
    minSyncPeriod: duration(second, orDefault),
  },
  ipvs: {
    syncPeriod: duration(30 * second, orDefault),
    minSyncPeriod: duration(0),
    scheduler: string(),
    excludeCIDRs: strings(),
    strictARP: boolean(),
    tcpTimeout: duration(0),
    tcpFinTimeout: duration(0),
    udpTimeout: duration(0),
  },
  nftables: {
    masqueradeBit: integer(14),
    masqueradeAll: boolean(),
    syncPeriod: duration(30 * second, orDefault),
    minSyncPeriod: duration(second, orDefault),
  },
  winkernel: {
    networkName: string(),
    sourceVip: string(),
    enableDSR: boolean(),
    rootHnsEndpointName: string(),
    forwardHealthCheckVip: boolean(),
  },
  detectLocalMode: string(),
  detectLocal: { bridgeInterface: string(), interfaceNamePrefix: string() },
  clusterCIDR: string(),
  nodePortAddresses: strings(),
  oomScoreAdj: integer(-999),
  conntrack: {
    maxPerCore: integer(32 * 1024),
    min: integer(128 * 1024),
    tcpEstablishedTimeout: duration(24 * hour),
    tcpCloseWaitTimeout: duration(hour),
    tcpBeLiberal: boolean(),
    udpTimeout: duration(0),
    udpStreamTimeout: duration(0),
  },
  configSyncPeriod: duration(15 * 60 * second, orDefault),
  portRange: string(),
  /** Of the userspace mode, which Kubernetes had until 1.25. */
  udpIdleTimeout: duration(250, orDefault),
  windowsRunAsService: boolean(),
};

/** How the proxy is configured, by flags or by a file. Durations in milliseconds. */
export type KubeProxyConfiguration = ValuesOf<typeof schema>;

export const apiVersion = "kubeproxy.config.k8s.io/v1alpha1";
export const kind = "KubeProxyConfiguration";

export function isLeaf(entry: Leaf<unknown> | Section): entry is Leaf<unknown> {
  return entry.leaf === true;
}
