import { isLoopback, parseAddress } from "../../../ip/address.ts";
import type { IptablesConfig } from "./config.ts";
import { counterNames } from "./counters.ts";
import { markMatch, markTarget, type Rule, rule, type Table, unmarkTarget } from "./rules.ts";

/** Chains that all service ports share. Their rules are the fixed ones (here) and single rules of service ports (render.ts). */
export const chains = {
  services: "KUBE-SERVICES",
  nodePorts: "KUBE-NODEPORTS",
  externalServices: "KUBE-EXTERNAL-SERVICES",
  proxyFirewall: "KUBE-PROXY-FIREWALL",
  forward: "KUBE-FORWARD",
  /** kubelet's too, and therefore not removed by a cleanup. */
  firewall: "KUBE-FIREWALL",
  postrouting: "KUBE-POSTROUTING",
  markMasquerade: "KUBE-MARK-MASQ",
  canary: "KUBE-PROXY-CANARY",
} as const;

/** A rule of a builtin chain that leads into one of ours. */
export interface Jump {
  table: Table;
  from: string;
  rule: Rule;
}

const fresh = "-m conntrack --ctstate NEW";

function jump(table: Table, from: string, to: string, comment?: string, match = ""): Jump {
  // iptables-save keeps matches in the order in which they were given: the state before the comment, as kube-proxy writes it.
  const words = [match, comment === undefined ? "" : `-m comment --comment "${comment}"`, `-j ${to}`];
  return { table, from, rule: words.filter(Boolean).join(" ") };
}

const { services, externalServices, nodePorts, proxyFirewall, forward, firewall, postrouting } = chains;

/** Each is put in front of its builtin chain when it is missing, in this order: the last comes to stand first. */
export const jumps: readonly Jump[] = [
  jump("filter", "INPUT", firewall),
  jump("filter", "OUTPUT", firewall),
  jump("filter", "FORWARD", firewall),
  jump("filter", "INPUT", externalServices, "kubernetes externally-visible service portals", fresh),
  jump("filter", "FORWARD", externalServices, "kubernetes externally-visible service portals", fresh),
  jump("filter", "INPUT", nodePorts, "kubernetes health check service ports"),
  jump("filter", "FORWARD", services, "kubernetes service portals", fresh),
  jump("filter", "OUTPUT", services, "kubernetes service portals", fresh),
  jump("filter", "FORWARD", forward, "kubernetes forwarding rules"),
  jump("filter", "INPUT", proxyFirewall, "kubernetes load balancer firewall", fresh),
  jump("filter", "OUTPUT", proxyFirewall, "kubernetes load balancer firewall", fresh),
  jump("filter", "FORWARD", proxyFirewall, "kubernetes load balancer firewall", fresh),
  jump("nat", "OUTPUT", services, "kubernetes service portals"),
  jump("nat", "PREROUTING", services, "kubernetes service portals"),
  jump("nat", "POSTROUTING", postrouting, "kubernetes postrouting rules"),
];

/** Nothing leads here. Whoever flushes or empties a table takes it away, and that is noticed (sync/). */
export const canaryRule: Rule = rule({ comment: "the service proxy looks whether this table was flushed" });

export type FixedRules = Record<Table, Map<string, Rule[]>>;

/** The shared chains with their fixed rules; a service port's single rules stand before them. */
export function fixedRules(config: IptablesConfig): FixedRules {
  const canary: [string, Rule[]] = [chains.canary, [canaryRule]];
  return {
    filter: new Map([
      [services, []],
      [externalServices, []],
      [nodePorts, socketRules(config)],
      [proxyFirewall, []],
      [firewall, firewallRules(config)],
      [forward, forwardRules(config)],
      canary,
    ]),
    nat: new Map([
      [services, nodePortRules(config)],
      [nodePorts, []],
      [postrouting, postroutingRules(config)],
      [chains.markMasquerade, config.socketAddress === undefined ? [rule({}, markTarget(config.mark))] : []],
      canary,
    ]),
    mangle: new Map([canary]),
  };
}

/** route_localnet opens 127.0.0.0/8 to the network; only answers and what the proxy itself sent there may pass. */
function firewallRules({ family, localhostNodePorts }: IptablesConfig): Rule[] {
  if (family !== 4 || !localhostNodePorts) return [];
  const match = {
    source: "!127.0.0.0/8",
    destination: "127.0.0.0/8",
    comment: "block incoming localnet connections",
    also: "-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT",
  };
  return [rule(match, "DROP")];
}

/** Also on hosts that let nobody in by default. Who calls the socket itself would get round policies and source ranges. */
function socketRules({ socketAddress: destination }: IptablesConfig): Rule[] {
  if (destination === undefined) return [];
  const comment = "sockets of the userspace proxy";
  const sent = "-m conntrack --ctstate RELATED,ESTABLISHED,DNAT";
  return [rule({ destination, comment, also: sent }, "ACCEPT"), rule({ destination, comment }, "DROP")];
}

function forwardRules({ mark, dropInvalid, counters }: IptablesConfig): Rule[] {
  const counter = counters ? counterNames.invalidDropped : undefined;
  return [
    // A late packet of a connection that conntrack forgot would pass without translation and be answered by a reset.
    ...(dropInvalid ? [rule({ also: "-m conntrack --ctstate INVALID", counter }, "DROP")] : []),
    rule({ comment: "kubernetes forwarding rules", also: `-m mark ${markMatch(mark)}` }, "ACCEPT"),
    rule(
      { comment: "kubernetes forwarding conntrack rule", also: "-m conntrack --ctstate RELATED,ESTABLISHED" },
      "ACCEPT",
    ),
  ];
}

function postroutingRules({ mark, randomFully }: IptablesConfig): Rule[] {
  return [
    rule({ also: `-m mark ! ${markMatch(mark)}` }, "RETURN"),
    // A packet may come through here again after it was encapsulated.
    rule({}, unmarkTarget(mark)),
    rule(
      { comment: "kubernetes service traffic requiring SNAT" },
      randomFully ? "MASQUERADE --random-fully" : "MASQUERADE",
    ),
  ];
}

/** What is addressed to the node itself and matched no Service address may be for a node port. */
function nodePortRules({ family, localhostNodePorts, nodePortAddresses }: IptablesConfig): Rule[] {
  const comment = "kubernetes service nodeports; NOTE: this must be the last rule in this chain";
  const loopback = family === 4 ? "127.0.0.0/8" : "::1/128";
  const withLoopback = family === 4 && localhostNodePorts;
  if (nodePortAddresses === undefined) {
    const destination = withLoopback ? undefined : `!${loopback}`;
    return [rule({ destination, comment, also: "-m addrtype --dst-type LOCAL" }, nodePorts)];
  }
  return nodePortAddresses
    .filter((text) => {
      const address = parseAddress(text);
      return address?.family === family && (withLoopback || !isLoopback(address));
    })
    .map((destination) => rule({ destination, comment }, nodePorts));
}
