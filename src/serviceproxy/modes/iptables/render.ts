import { formatAddressPort } from "../../../ip/address.ts";
import type { Endpoint, ServicePort, Target } from "../../table.ts";
import type { LocalTraffic } from "../local-traffic.ts";
import { chains } from "./base.ts";
import type { IptablesConfig } from "./config.ts";
import { counterNames } from "./counters.ts";
import { chainNames } from "./names.ts";
import { type Match, probability, type Rule, recentMatch, rejectTarget, rule } from "./rules.ts";

/** A rule in a chain that all service ports share. */
export interface SharedRule {
  table: "filter" | "nat";
  chain: string;
  rule: Rule;
}

/** What one service port is in the kernel: chains of its own in the nat table, and single rules in the shared chains. */
export interface RenderedRow {
  chains: Map<string, Rule[]>;
  shared: SharedRule[];
}

export function renderRow(row: ServicePort, config: IptablesConfig): RenderedRow {
  const names = chainNames(row);
  return { chains: renderChains(row, config, names), shared: renderShared(row, config, names) };
}

type Names = ReturnType<typeof chainNames>;

function isServed(target: Target): target is "cluster" | "local" {
  return target === "cluster" || target === "local";
}

/** Somebody serves external traffic somewhere: even where the policy drops it, Pods and this node are let through (KUBE-EXT-…). */
function hasExternalChain({ external, nodePort, externalIPs, loadBalancerIPs }: ServicePort): boolean {
  return external !== "reject" && (nodePort > 0 || externalIPs.length > 0 || loadBalancerIPs.length > 0);
}

function hasFirewallChain(row: ServicePort): boolean {
  return row.external !== "reject" && row.loadBalancerIPs.length > 0 && row.sourceRanges.length > 0;
}

function renderShared(row: ServicePort, config: IptablesConfig, names: Names): SharedRule[] {
  const { name, protocol, port, internal, external } = row;
  const shared = new Map<string, SharedRule>();
  const to = (destination: string, comment: string): Match => ({ destination, protocol, port, comment });
  /** An address that is an external and a load balancer address at once would be refused twice in the same words. */
  const put = (table: SharedRule["table"], chain: string, text: Rule) => {
    shared.set(`${table} ${chain} ${text}`, { table, chain, rule: text });
  };
  const nat = (chain: string, match: Match, target: string) => put("nat", chain, rule(match, target));
  const filter = (chain: string, match: Match, target: string) => put("filter", chain, rule(match, target));
  /** The filter rule for traffic that has nowhere to go. */
  const refuse = (chain: string, match: Match, target: Target) => {
    const reject = target === "reject";
    const comment = `${name} has no ${reject ? "" : "local "}endpoints`;
    filter(chain, { ...match, comment }, reject ? rejectTarget(config.family) : "DROP");
  };

  const internalMatch = to(row.clusterIP, `${name} cluster IP`);
  if (isServed(internal)) nat(chains.services, internalMatch, names[internal]);
  else refuse(chains.services, internalMatch, internal);

  for (const address of row.externalIPs) {
    const match = to(address, `${name} external IP`);
    if (external !== "reject") nat(chains.services, match, names.external);
    if (!isServed(external)) refuse(chains.externalServices, match, external);
  }

  const firewalled = hasFirewallChain(row);
  for (const address of row.loadBalancerIPs) {
    const match = to(address, `${name} loadbalancer IP`);
    if (external !== "reject") nat(chains.services, match, firewalled ? names.firewall : names.external);
    if (firewalled)
      filter(chains.proxyFirewall, to(address, `${name} traffic not accepted by ${names.firewall}`), "DROP");
    if (!isServed(external)) refuse(chains.externalServices, match, external);
  }

  if (row.nodePort > 0) {
    const match: Match = { protocol, port: row.nodePort, comment: name };
    if (external !== "reject") {
      // In front of the one that takes everything.
      if (config.counters && config.localhostNodePorts && config.family === 4)
        nat(
          chains.nodePorts,
          { ...match, destination: "127.0.0.0/8", counter: counterNames.localhostAccepted },
          names.external,
        );
      nat(chains.nodePorts, match, names.external);
    }
    if (!isServed(external))
      refuse(chains.externalServices, { ...match, also: "-m addrtype --dst-type LOCAL" }, external);
  }

  if (row.healthCheckNodePort > 0) {
    const comment = `${name} health check node port`;
    filter(chains.nodePorts, { protocol: "TCP", port: row.healthCheckNodePort, comment }, "ACCEPT");
  }
  return [...shared.values()];
}

function renderChains(row: ServicePort, config: IptablesConfig, names: Names): Map<string, Rule[]> {
  const rendered = new Map<string, Rule[]>();
  if (hasExternalChain(row)) rendered.set(names.external, externalRules(row, config, names));
  if (hasFirewallChain(row)) rendered.set(names.firewall, firewallRules(row, names));
  for (const set of ["cluster", "local"] as const) {
    const endpoints = row[set];
    if (endpoints.length === 0) continue;
    const masquerade = row.internal === set ? internalMasquerade(row, config) : [];
    rendered.set(names[set], [...masquerade, ...spreadRules(row, endpoints, names)]);
  }
  for (const endpoint of [...row.cluster, ...row.local]) {
    const chain = names.endpoint(endpoint);
    if (!rendered.has(chain)) rendered.set(chain, endpointRules(row, endpoint, chain));
  }
  return rendered;
}

/** Matches what comes (or, turned round, does not come) from this node's Pods. */
export function localMatch(local: LocalTraffic, not: "" | "!"): Match {
  if (local.kind === "cidr") return { source: not + local.cidr };
  return { input: local.kind === "bridge" ? not + local.name : `${not}${local.prefix}+` };
}

/** Answers to a client elsewhere must come back through this node, or it would see them come from the endpoint's own address. */
function internalMasquerade(row: ServicePort, { masqueradeAll, localTraffic }: IptablesConfig): Rule[] {
  const { clusterIP: destination, protocol, port } = row;
  const match: Match = { destination, protocol, port, comment: `${row.name} cluster IP` };
  if (masqueradeAll) return [rule(match, chains.markMasquerade)];
  if (localTraffic === undefined) return [];
  return [rule({ ...match, ...localMatch(localTraffic, "!") }, chains.markMasquerade)];
}

function externalRules(row: ServicePort, { localTraffic }: IptablesConfig, names: Names): Rule[] {
  const about = (what: string) => `${what} for ${row.name} external destinations`;
  const rules: Rule[] = [];
  if (!row.externalLocal) {
    // The endpoint may be on another node, and its answer has to come back this way.
    rules.push(rule({ comment: about("masquerade traffic") }, chains.markMasquerade));
  } else {
    const also = "-m addrtype --src-type LOCAL";
    // As if it had gone out to a balancer and come back in somewhere: neither policy holds it here.
    if (localTraffic !== undefined)
      rules.push(rule({ ...localMatch(localTraffic, ""), comment: about("pod traffic") }, names.cluster));
    rules.push(
      // The node's own packets may have the balancer's address as their source.
      rule({ comment: about("masquerade LOCAL traffic"), also }, chains.markMasquerade),
      rule({ comment: about("route LOCAL traffic"), also }, names.cluster),
    );
  }
  if (isServed(row.external)) rules.push(rule({}, names[row.external]));
  return rules;
}

/** Who is not let through here was not translated, and so meets the DROP for the address in KUBE-PROXY-FIREWALL. */
function firewallRules(row: ServicePort, names: Names): Rule[] {
  // A node that reaches a balancer's address that it has itself uses that address as its source.
  const sources = [...row.sourceRanges, ...(row.nodeInSourceRanges ? row.loadBalancerIPs : [])];
  const comment = `${row.name} loadbalancer IP`;
  return [
    ...sources.map((source) => rule({ source, comment }, names.external)),
    rule({ comment: `other traffic to ${row.name} will be dropped by ${chains.proxyFirewall}` }),
  ];
}

/** First whoever was served lately goes where it went; then each endpoint takes its share of what the ones before it left over. */
function spreadRules(row: ServicePort, endpoints: readonly Endpoint[], names: Names): Rule[] {
  const targets = endpoints.map((endpoint) => ({
    chain: names.endpoint(endpoint),
    comment: `${row.name} -> ${formatAddressPort(endpoint.address, endpoint.port)}`,
  }));
  const sticky = row.affinitySeconds > 0 ? targets : [];
  return [
    ...sticky.map(({ chain, comment }) =>
      rule({ comment, also: recentMatch(row.family, chain, row.affinitySeconds) }, chain),
    ),
    ...targets.map(({ chain, comment }, index) => {
      const left = targets.length - index;
      const also = left > 1 ? `-m statistic --mode random --probability ${probability(left)}` : undefined;
      return rule({ comment, also }, chain);
    }),
  ];
}

function endpointRules(row: ServicePort, { address, port }: Endpoint, chain: string): Rule[] {
  const { name: comment, protocol } = row;
  const also = row.affinitySeconds > 0 ? recentMatch(row.family, chain) : undefined;
  return [
    // A Pod that reaches itself must not see its own address as the source, or it would answer itself directly.
    rule({ source: address, comment }, chains.markMasquerade),
    rule({ protocol, comment, also }, `DNAT --to-destination ${formatAddressPort(address, port)}`),
  ];
}
