import { declareSet } from "../../../linux/nftables/schema.ts";
import type { LocalTraffic } from "../local-traffic.ts";
import type { NftablesConfig } from "./config.ts";
import { byAddress, byNodePort, familyWords, type Place, serviceSchema, sets } from "./schema.ts";

interface FixedChain {
  name: string;
  /** nft's words for a base chain. */
  hook?: string;
  /** Absent: they are not written here. */
  rules?: string[];
}

/**
 * The table, its sets but for those that are there already, and the chains that do not depend on Services, as one nft script. Run again, it
 * replaces the chains' rules.
 */
export function skeletonScript(config: NftablesConfig, present: ReadonlySet<string> = new Set()): string {
  const schema = serviceSchema(config.family);
  const place = `${schema.family} ${schema.name}`;
  const chains = fixedChains(config);
  const lines = [
    `add table ${place}`,
    ...[...schema.sets.values()].filter(({ name }) => !present.has(name)).map((set) => declareSet(schema, set)),
    ...chains.map(({ name, hook }) => `add chain ${place} ${name}${hook === undefined ? "" : ` { type ${hook}; }`}`),
    ...chains.flatMap(({ name, rules }) => (rules === undefined ? [] : [`flush chain ${place} ${name}`])),
    ...chains.flatMap(({ name, rules = [] }) => rules.map((rule) => `add rule ${place} ${name} ${rule}`)),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** The names of the chains that the script makes. */
export function skeletonChains(config: NftablesConfig): string[] {
  return fixedChains(config).map(({ name }) => name);
}

function markOr(bits: number): string {
  return `meta mark set meta mark or 0x${bits.toString(16)}`;
}

function fixedChains(config: NftablesConfig): FixedChain[] {
  const { address, nodePort, source, destination } = familyWords(config.family);
  const bit = `0x${config.mark.toString(16)}`;
  const fresh = (...chains: string[]) => chains.map((chain) => `ct state new jump ${chain}`);
  const toNodePort = nodePortGuard(config);
  return [
    // Translation hides the address that was called: what depends on it is decided before.
    {
      name: "filter-prerouting-pre-dnat",
      hook: "filter hook prerouting priority -110",
      rules: fresh("firewall-check"),
    },
    { name: "filter-output-pre-dnat", hook: "filter hook output priority -110", rules: fresh("firewall-check") },
    { name: "nat-prerouting", hook: "nat hook prerouting priority -100", rules: ["jump services"] },
    { name: "nat-output", hook: "nat hook output priority -100", rules: ["jump services"] },
    // Whatever still is addressed to a Service here was not translated.
    {
      name: "filter-input",
      hook: "filter hook input priority 0",
      rules: fresh("nodeport-endpoints-check", "service-endpoints-check"),
    },
    {
      name: "filter-forward",
      hook: "filter hook forward priority 0",
      rules: fresh("service-endpoints-check", "cluster-ips-check"),
    },
    {
      name: "filter-output",
      hook: "filter hook output priority 0",
      rules: fresh("service-endpoints-check", "cluster-ips-check"),
    },
    { name: "nat-postrouting", hook: "nat hook postrouting priority 100", rules: ["jump masquerading"] },
    {
      name: "services",
      rules: [
        `${destination} @${sets.clusterIPs} jump cluster-ip-services`,
        `${destination} @${sets.externalIPs} jump external-ip-services`,
        ...(toNodePort === undefined ? [] : [`${toNodePort} jump nodeport-services`]),
      ],
    },
    {
      name: "cluster-ip-services",
      rules: [
        ...masqueradeRules(config),
        `${address} @${sets.internalLocal} goto ${byAddress.local.chain}`,
        `goto ${byAddress.cluster.chain}`,
      ],
    },
    ...placeChains(config, byAddress, "external-ip-services", "external-policy-local", address),
    ...placeChains(config, byNodePort, "nodeport-services", "nodeport-policy-local", nodePort),
    {
      name: "firewall-check",
      rules: [`${address} @${sets.firewall} ${address} . ${source} != @${sets.firewallAllowed} drop`],
    },
    {
      name: "service-endpoints-check",
      rules: [`${address} @${byAddress.reject} reject`, `${address} @${byAddress.drop} drop`],
    },
    {
      name: "nodeport-endpoints-check",
      rules:
        toNodePort === undefined
          ? []
          : [
              `${toNodePort} ${nodePort} @${byNodePort.reject} reject`,
              `${toNodePort} ${nodePort} @${byNodePort.drop} drop`,
            ],
    },
    {
      name: "cluster-ips-check",
      rules: [
        `${destination} @${sets.clusterIPs} reject`,
        ...(config.serviceCIDRs.length > 0 ? [`${destination} { ${config.serviceCIDRs.join(", ")} } drop`] : []),
      ],
    },
    {
      name: "masquerading",
      rules: [
        `meta mark and ${bit} != 0 meta mark set meta mark xor ${bit} masquerade fully-random`,
        `ct status dnat ${source} . ${destination} . ${nodePort} @${sets.hairpin} masquerade fully-random`,
      ],
    },
  ];
}

/** Traffic of Pods, or of everything but Pods, in nft's words. */
function fromPods(local: LocalTraffic, source: string, not: "" | "!= "): string {
  switch (local.kind) {
    case "cidr":
      return `${source} ${not}${local.cidr}`;
    case "bridge":
      return `iifname ${not}"${local.name}"`;
    case "prefix":
      return `iifname ${not}"${local.prefix}*"`;
  }
}

/** Who is no Pod has no address that a Pod could answer: its traffic to cluster addresses takes the node's. */
function masqueradeRules({ family, mark, masqueradeAll, localTraffic }: NftablesConfig): string[] {
  if (masqueradeAll) return [markOr(mark)];
  if (localTraffic === undefined) return [];
  return [`${fromPods(localTraffic, familyWords(family).source, "!= ")} ${markOr(mark)}`];
}

/** What comes to addresses that outsiders use too, and the choice among the endpoints of whatever comes to such a place. */
function placeChains(
  config: NftablesConfig,
  place: Place,
  name: string,
  policyLocal: string,
  key: string,
): FixedChain[] {
  const { family, mark, localTraffic } = config;
  const { source } = familyWords(family);
  const { cluster, local } = place;
  return [
    {
      name,
      rules: [
        `${key} @${place.policyLocal} goto ${policyLocal}`,
        `${key} @${place.external} ${markOr(mark)} goto ${cluster.chain}`,
      ],
    },
    {
      name: policyLocal,
      rules: [
        // externalTrafficPolicy Local is about traffic from outside: Pods and the node itself reach the whole Service.
        ...(localTraffic === undefined ? [] : [`${fromPods(localTraffic, source, "")} goto ${cluster.chain}`]),
        `fib saddr type local ${markOr(mark)} goto ${cluster.chain}`,
        `goto ${local.chain}`,
      ],
    },
    // spreadChains() has their rules.
    { name: cluster.chain },
    { name: local.chain },
  ];
}

/** What is addressed to a node port, as far as the address says; undefined: nothing is. */
function nodePortGuard({ family, nodePortAddresses }: NftablesConfig): string | undefined {
  const { destination } = familyWords(family);
  if (nodePortAddresses === undefined)
    return `fib daddr type local ${destination} != ${family === 4 ? "127.0.0.0/8" : "::1"}`;
  return nodePortAddresses.length === 0 ? undefined : `${destination} { ${nodePortAddresses.join(", ")} }`;
}
