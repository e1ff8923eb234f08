/** What a configuration may hold: the rules and the words are those of Kubernetes 1.36 (pkg/proxy/apis/config/validation). */
import { parseAddress } from "../../ip/address.ts";
import { parsePrefix } from "../../ip/prefix.ts";
import { formatDuration } from "./duration.ts";
import { isProxyMode, proxyModes } from "./modes.ts";
import { type KubeProxyConfiguration, kind } from "./schema.ts";

type Report = (field: string, value: unknown, problem: string) => void;

/** One line for each fault, "KubeProxyConfiguration.iptables.syncPeriod: Invalid value: \"0s\": must be greater than 0". */
export function validateConfiguration(configuration: KubeProxyConfiguration): string[] {
  const faults: string[] = [];
  const report: Report = (field, value, problem) =>
    faults.push(`${kind}.${field}: Invalid value: ${JSON.stringify(value)}: ${problem}`);
  const { iptables, nftables, ipvs } = configuration;
  validateMode(configuration, report);
  // Only what the chosen mode uses is looked at, and iptables' part always, as ipvs marks packets with its bit.
  validateBit("iptables", iptables.masqueradeBit, report);
  if (configuration.mode === "nftables") {
    validateBit("nftables", nftables.masqueradeBit, report);
    validatePeriods("nftables", nftables, report);
  } else if (configuration.mode === "ipvs") validateIpvs(ipvs, report);
  else validatePeriods("iptables", iptables, report);
  validateConntrack(configuration.conntrack, report);
  if (configuration.clientConnection.burst < 0)
    report("clientConnection.burst", configuration.clientConnection.burst, "must be greater than or equal to 0");
  if (Math.abs(configuration.oomScoreAdj) > 1000)
    report("oomScoreAdj", configuration.oomScoreAdj, "must be within the range [-1000, 1000]");
  for (const field of ["configSyncPeriod", "udpIdleTimeout"] as const)
    if (configuration[field] <= 0) report(field, formatDuration(configuration[field]), "must be greater than 0");
  if (parseAddress(configuration.bindAddress) === undefined)
    report("bindAddress", configuration.bindAddress, "not a valid textual representation of an IP address");
  for (const field of ["healthzBindAddress", "metricsBindAddress"] as const)
    if (configuration[field] !== "") validateHostPort(field, configuration[field], report);
  validateClusterCIDR(configuration.clusterCIDR, report);
  validateDetectLocal(configuration, report);
  validatePortRange(configuration.portRange, report);
  const { nodePortAddresses } = configuration;
  if (!(nodePortAddresses.length === 1 && nodePortAddresses[0] === "primary"))
    validateRanges("nodePortAddresses", nodePortAddresses, report);
  return faults;
}

function validateMode({ mode }: KubeProxyConfiguration, report: Report): void {
  if (mode === "" || isProxyMode(mode)) return;
  report("mode", mode, `must be ${proxyModes.join(",")} or blank (blank means the default, iptables)`);
}

function validateBit(section: string, bit: number, report: Report): void {
  if (bit < 0 || bit > 31) report(`${section}.masqueradeBit`, bit, "must be within the range [0, 31]");
}

function validatePeriods(
  section: string,
  periods: { syncPeriod: number; minSyncPeriod: number },
  report: Report,
): void {
  const { syncPeriod, minSyncPeriod } = periods;
  if (syncPeriod <= 0) report(`${section}.syncPeriod`, formatDuration(syncPeriod), "must be greater than 0");
  notNegative(`${section}.minSyncPeriod`, minSyncPeriod, report);
  if (minSyncPeriod > syncPeriod)
    report(
      `${section}.syncPeriod`,
      formatDuration(syncPeriod),
      `must be greater than or equal to ${kind}.${section}.minSyncPeriod (${formatDuration(minSyncPeriod)})`,
    );
}

function notNegative(field: string, milliseconds: number, report: Report): void {
  if (milliseconds < 0) report(field, formatDuration(milliseconds), "must be greater than or equal to 0");
}

/** Linux' own; a kernel may have fewer. */
const schedulers = ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "dh", "sed", "nq", "mh", ""];

function validateIpvs(ipvs: KubeProxyConfiguration["ipvs"], report: Report): void {
  validatePeriods("ipvs", ipvs, report);
  for (const field of ["tcpTimeout", "tcpFinTimeout", "udpTimeout"] as const)
    notNegative(`ipvs.${field}`, ipvs[field], report);
  if (!schedulers.includes(ipvs.scheduler))
    report(
      "ipvs.scheduler",
      ipvs.scheduler,
      `must be in [${schedulers.join(" ")}], blank means the default algorithm method (currently rr)`,
    );
  validateRanges("ipvs.excludeCIDRs", ipvs.excludeCIDRs, report);
}

function validateConntrack(conntrack: KubeProxyConfiguration["conntrack"], report: Report): void {
  for (const field of ["maxPerCore", "min"] as const)
    if (conntrack[field] < 0) report(`conntrack.${field}`, conntrack[field], "must be greater than or equal to 0");
  for (const field of ["tcpEstablishedTimeout", "tcpCloseWaitTimeout", "udpTimeout", "udpStreamTimeout"] as const)
    notNegative(`conntrack.${field}`, conntrack[field], report);
}

function validateHostPort(field: string, text: string, report: Report): void {
  const [, six, four, port] = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(text) ?? [];
  if (port === undefined) {
    report(field, text, "must be IP:port");
    return;
  }
  const host = six ?? four ?? "";
  const family = parseAddress(host)?.family;
  if (family !== (six === undefined ? 4 : 6)) report(field, host, "must be a valid IP");
  if (!/^[0-9]{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    report(field, port, "must be a valid port");
}

function validateClusterCIDR(text: string, report: Report): void {
  if (text === "") return;
  const families = text.split(",").map((part) => parsePrefix(part.trim())?.family);
  const dual = "DualStack CIDR (e.g. 10.100.0.0/16,fde4:8dba:82e1::/48)";
  if (families.length > 2) report("clusterCIDR", text, `only one CIDR allowed or a valid ${dual}`);
  else if (families.length === 2 && (families.includes(undefined) || families[0] === families[1]))
    report("clusterCIDR", text, `must be a valid ${dual}`);
  else if (families[0] === undefined)
    report("clusterCIDR", text, "must be a valid CIDR block (e.g. 10.100.0.0/16 or fde4:8dba:82e1::/48)");
}

const localModes = ["", "ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix"];
/** Linux' limit for the names of interfaces. */
const longestInterface = 15;

function validateDetectLocal({ detectLocalMode, detectLocal }: KubeProxyConfiguration, report: Report): void {
  if (!localModes.includes(detectLocalMode))
    report("detectLocalMode", detectLocalMode, `must be one of [${localModes.slice(1).join(" ")}] or blank`);
  const needed = { BridgeInterface: "bridgeInterface", InterfaceNamePrefix: "interfaceNamePrefix" } as const;
  for (const [mode, field] of Object.entries(needed)) {
    const value = detectLocal[field];
    if (detectLocalMode === mode && value === "")
      report(`detectLocal.${field}`, value, `must be set when detectLocalMode is ${mode}`);
    // Rules are made of it.
    else if (value !== "" && (value.length > longestInterface || !/^[\w.@-]+$/.test(value)))
      report(
        `detectLocal.${field}`,
        value,
        `must be the name of an interface: 1 to ${longestInterface} of letters, digits and . _ - @`,
      );
  }
}

function validatePortRange(text: string, report: Report): void {
  if (text !== "" && text !== "0-0" && parsePortRange(text) === undefined)
    report("portRange", text, "must be a valid port range (e.g. 300-2000)");
}

/** "300-2000", "300+100" (300 and the 100 behind it), "300"; "" and "0-0" mean any: undefined, as for what is no range. */
export function parsePortRange(text: string): [first: number, last: number] | undefined {
  const [, from = "", sign, to = from] = /^(\d{1,5})(?:([-+])(\d{1,5}))?$/.exec(text.trim()) ?? [];
  const first = Number(from);
  const last = sign === "+" ? Math.min(first + Number(to), 65_535) : Number(to);
  return from === "" || first < 1 || last < first || last > 65_535 ? undefined : [first, last];
}

function validateRanges(field: string, ranges: readonly string[], report: Report): void {
  for (const [index, range] of ranges.entries())
    if (parsePrefix(range) === undefined) report(`${field}[${index}]`, range, "must be a valid IP block");
}
