import { type Address, canonicalAddress, type Family } from "../../ip/address.ts";
import { formatPrefix, type Prefix, parseSloppyPrefix, prefixContains } from "../../ip/prefix.ts";
import type { Service } from "../../kubernetes/types.ts";
import type { Protocol } from "../table.ts";

/** What a Service says about one address family, checked and with its defaults. */
export interface ServiceSpec {
  family: Family;
  clusterIP: string;
  externalIPs: string[];
  loadBalancerIPs: string[];
  sourceRanges: string[];
  nodeInSourceRanges: boolean;
  affinitySeconds: number;
  healthCheckNodePort: number;
  internalLocal: boolean;
  externalLocal: boolean;
  ports: PortSpec[];
}

export interface PortSpec {
  name: string;
  protocol: Protocol;
  port: number;
  nodePort: number;
}

/** Tells of something in an object that is left out: the field and what is wrong with it. */
export type Report = (field: string, problem: string) => void;

/** Kubernetes' default, and the most it takes (core/v1 ClientIPConfig). */
const defaultAffinity = 10_800;
const longestAffinity = 86_400;

/** RFC 1123 and 1035 labels: what may stand in a rule's comment. An API that validates lets nothing else through. */
const labelPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

export function isLabel(text: unknown): text is string {
  return typeof text === "string" && text.length <= 63 && labelPattern.test(text);
}

/** Headless Services, names for others (ExternalName) and Services without an address yet are not the proxy's business. */
export function isProxied({ spec }: Service): boolean {
  return spec !== undefined && spec.type !== "ExternalName" && !!spec.clusterIP && spec.clusterIP !== "None";
}

/** Reads the part of a Service that belongs to one family; undefined when it has no cluster address in it. */
export function readService(
  service: Service,
  family: Family,
  node: { addresses: readonly Address[]; externalIPs?: boolean },
  report: Report,
): ServiceSpec | undefined {
  const { spec = {}, status } = service;
  const addresses = (list: readonly unknown[] | undefined, field: string) =>
    entries(list).flatMap((text, index) =>
      readAddress(text, family, (problem) => report(`${field}[${index}]`, problem)),
    );
  const candidates = spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP];
  const [clusterIP] = addresses(candidates, "spec.clusterIPs");
  if (clusterIP === undefined) return undefined;
  // Mode Proxy: the balancer takes the connection itself and must be reached also from inside (KEP-1860).
  const ingress = entries(status?.loadBalancer?.ingress).filter(({ ip, ipMode }) => ip && (ipMode ?? "VIP") === "VIP");
  const ranges = readRanges(spec.loadBalancerSourceRanges, family, report);
  const ports = readPorts(service, report);
  const externalIPs = node.externalIPs === false ? [] : unique(addresses(spec.externalIPs, "spec.externalIPs"));
  const loadBalancerIPs = unique(
    addresses(
      ingress.map(({ ip }) => ip),
      "status.loadBalancer.ingress",
    ),
  );
  const externallyReachable =
    externalIPs.length > 0 || loadBalancerIPs.length > 0 || ports.some(({ nodePort }) => nodePort > 0);
  const externalLocal = externallyReachable && spec.externalTrafficPolicy === "Local";
  const checked = externalLocal && spec.type === "LoadBalancer" ? spec.healthCheckNodePort : undefined;
  return {
    family,
    clusterIP,
    externalIPs,
    loadBalancerIPs,
    sourceRanges: ranges.map(formatPrefix),
    nodeInSourceRanges: node.addresses.some((address) => ranges.some((range) => prefixContains(range, address))),
    affinitySeconds: readAffinity(service, report),
    healthCheckNodePort: checked === undefined ? 0 : readPort(checked, "spec.healthCheckNodePort", report),
    internalLocal: spec.internalTrafficPolicy === "Local",
    externalLocal,
    ports,
  };
}

/** A list out of an object that nobody may have validated. */
export function entries<T>(list: readonly T[] | undefined | null): readonly NonNullable<T>[] {
  if (!Array.isArray(list)) return [];
  const isEntry = (entry: T) => entry !== null && entry !== undefined;
  return list.every(isEntry) ? list : list.filter(isEntry);
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

function readAddress(text: unknown, family: Family, problem: (text: string) => void): string[] {
  const address = typeof text === "string" ? canonicalAddress(text) : undefined;
  if (address === undefined) {
    problem(`${JSON.stringify(text)} is not an IP address`);
    return [];
  }
  return address.family === family ? [address.text] : [];
}

/** A range that holds everybody is no filter at all. */
function readRanges(list: readonly string[] | undefined, family: Family, report: Report): Prefix[] {
  const ranges: Prefix[] = [];
  for (const [index, text] of entries(list).entries()) {
    const range = typeof text === "string" ? parseSloppyPrefix(text.trim()) : undefined;
    if (range === undefined)
      report(`spec.loadBalancerSourceRanges[${index}]`, `${JSON.stringify(text)} is not an address range`);
    else if (range.family === family) {
      if (range.length === 0) return [];
      ranges.push(range);
    }
  }
  return ranges;
}

function readAffinity({ spec }: Service, report: Report): number {
  if (spec?.sessionAffinity !== "ClientIP") return 0;
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinity;
  if (Number.isInteger(seconds) && seconds > 0 && seconds <= longestAffinity) return seconds;
  report("spec.sessionAffinityConfig.clientIP.timeoutSeconds", `${seconds} is not between 1 and ${longestAffinity}`);
  return defaultAffinity;
}

/** A port number, 0 when it is none. */
function readPort(value: unknown, field: string, report: Report): number {
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535) return Number(value);
  report(field, `${JSON.stringify(value)} is not a port between 1 and 65535`);
  return 0;
}

const protocols: readonly string[] = ["TCP", "UDP", "SCTP"];

/** An absent protocol is TCP, the API's default; undefined when it is none that Services have. */
export function readProtocol(value: string | undefined): Protocol | undefined {
  const protocol = value ?? "TCP";
  return protocols.includes(protocol) ? (protocol as Protocol) : undefined;
}

function readPorts({ spec }: Service, report: Report): PortSpec[] {
  const ports: PortSpec[] = [];
  const seen = new Set<string>();
  for (const [index, entry] of entries(spec?.ports).entries()) {
    const field = `spec.ports[${index}]`;
    const name = entry.name ?? "";
    const protocol = readProtocol(entry.protocol);
    const port = readPort(entry.port, `${field}.port`, report);
    if (name !== "" && !isLabel(name)) report(`${field}.name`, `${JSON.stringify(name)} is not a port name`);
    else if (protocol === undefined) report(`${field}.protocol`, `${JSON.stringify(entry.protocol)} is no protocol`);
    else if (seen.has(`${name}/${protocol}`)) report(field, "has the name and protocol of an earlier port");
    else if (port > 0) {
      seen.add(`${name}/${protocol}`);
      const nodePort = entry.nodePort ? readPort(entry.nodePort, `${field}.nodePort`, report) : 0;
      ports.push({ name, protocol, port, nodePort });
    }
  }
  return ports;
}
