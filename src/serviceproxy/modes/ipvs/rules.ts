/** The mode's iptables rules: the same few whatever the number of Services, for what differs is in IP sets. README.md tells the way of a packet. */
import { localMatch } from "../iptables/render.ts";
import { markMatch, markTarget, type Rule, rejectTarget, rule, type Table, unmarkTarget } from "../iptables/rules.ts";
import type { IpvsConfig } from "./config.ts";
import { type SetKind, setName } from "./schema.ts";

export const chainPrefix = "FAIRWAY-IPVS-";
const chains = {
  services: `${chainPrefix}SERVICES`,
  mark: `${chainPrefix}MARK`,
  postrouting: `${chainPrefix}POSTROUTING`,
  input: `${chainPrefix}INPUT`,
  filter: `${chainPrefix}FILTER`,
  outside: `${chainPrefix}OUTSIDE`,
  forward: `${chainPrefix}FORWARD`,
  output: `${chainPrefix}OUTPUT`,
} as const;

/** A rule of a builtin chain that leads into one of ours. */
export interface Jump {
  table: Table;
  from: string;
  rule: Rule;
}

export const jumps: readonly Jump[] = [
  { table: "nat", from: "PREROUTING", rule: rule({}, chains.services) },
  { table: "nat", from: "OUTPUT", rule: rule({}, chains.services) },
  { table: "nat", from: "POSTROUTING", rule: rule({}, chains.postrouting) },
  { table: "filter", from: "INPUT", rule: rule({}, chains.input) },
  { table: "filter", from: "FORWARD", rule: rule({}, chains.forward) },
  { table: "mangle", from: "OUTPUT", rule: rule({}, chains.output) },
];

const isNew = "-m conntrack --ctstate NEW";

/** All chains of the mode with their rules, in the words of iptables-save. */
export function rulesOf(config: IpvsConfig): Record<Table, Map<string, Rule[]>> {
  const { family, mark, localTraffic } = config;
  const set = (kind: SetKind, by = "dst,dst", not = "") => `-m set ${not}--match-set ${setName(family, kind)} ${by}`;
  const notAllowed = `${set("FIREWALL")} ${set("FIREWALL-ALLOWED", "dst,dst,src", "! ")}`;
  return {
    nat: new Map([
      [chains.services, markRules(config, set)],
      [chains.mark, [rule({}, markTarget(mark))]],
      [
        chains.postrouting,
        [
          // A Pod that reaches itself must not see its own address as the source, or it would answer itself directly.
          rule({ also: set("LOOPBACK", "dst,dst,src") }, "MASQUERADE"),
          rule({ also: `-m mark ! ${markMatch(mark)}` }, "RETURN"),
          // A packet may come through here again after it was encapsulated.
          rule({}, unmarkTarget(mark)),
          rule({}, config.randomFully ? "MASQUERADE --random-fully" : "MASQUERADE"),
        ],
      ],
    ]),
    filter: new Map([
      [
        chains.input,
        [
          // Also on hosts that let nobody in by default.
          rule({ protocol: "TCP", also: set("HEALTH-CHECK", "dst") }, "ACCEPT"),
          rule({ also: isNew }, chains.filter),
        ],
      ],
      [
        chains.filter,
        [
          rule({ also: notAllowed }, "DROP"),
          rule({ also: set("REJECT") }, rejectTarget(family)),
          rule({ also: set("DROP") }, "DROP"),
          rule({ also: set("DROP-OUTSIDE") }, chains.outside),
          rule({ also: set("CLUSTER") }, "RETURN"),
          rule({ also: set("EXTERNAL") }, "RETURN"),
          rule({ also: set("EXTERNAL-LOCAL") }, "RETURN"),
          // What listens on all addresses of the host is nothing that a Service offers.
          rule({ also: set("ADDRESSES", "dst") }, rejectTarget(family)),
        ],
      ],
      [
        chains.outside,
        [
          ...(localTraffic === undefined ? [] : [rule(localMatch(localTraffic, ""), "RETURN")]),
          rule({ also: "-m addrtype --src-type LOCAL" }, "RETURN"),
          rule({}, "DROP"),
        ],
      ],
      [chains.forward, [rule({ also: "-m conntrack --ctstate RELATED,ESTABLISHED" }, "ACCEPT")]],
    ]),
    mangle: new Map([
      // IPVS takes the node's own packets before the filter table sees them.
      [chains.output, [rule({ also: `${isNew} ${notAllowed}` }, "DROP")]],
    ]),
  };
}

/** Who is masqueraded, so that the answer comes back through this node. */
function markRules(config: IpvsConfig, set: (kind: SetKind, by?: string) => string): Rule[] {
  const { masqueradeAll, localTraffic } = config;
  const rules: Rule[] = [];
  const mark = (match: Parameters<typeof rule>[0]) => rules.push(rule(match, chains.mark));
  if (masqueradeAll) mark({ also: set("CLUSTER") });
  else if (localTraffic !== undefined) mark({ ...localMatch(localTraffic, "!"), also: set("CLUSTER") });
  // The node's own packets to an address that it holds have that address as their source.
  if (!masqueradeAll) mark({ also: `${set("ADDRESSES", "src")} ${set("CLUSTER")}` });
  mark({ also: set("EXTERNAL") });
  mark({ also: `-m addrtype --src-type LOCAL ${set("EXTERNAL-LOCAL")}` });
  return rules;
}
