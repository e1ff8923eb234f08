import { parseAddress } from "../../ip/address.ts";
import { parsePrefix, prefixContains } from "../../ip/prefix.ts";
import type { Saved } from "../modes/iptables/plan.ts";
import type { Rule, Table } from "../modes/iptables/rules.ts";

/** The first packet of a new connection that enters the node. */
export interface Packet {
  source: string;
  destination: string;
  protocol: string;
  port: number;
}

export interface Outcome {
  /** Endpoints it may go to, or REJECT, DROP, ACCEPT. Empty: no rule of the proxy applies. */
  outputs: string[];
  masquerade: boolean;
}

/** Follows a packet through the proxy's rules: translation first, then what the filter says of its destination. Chance takes every way. */
export function followPacket(tables: Saved, packet: Packet, localAddresses: readonly string[]): Outcome {
  const outcome: Outcome = { outputs: [], masquerade: false };
  const walk = (table: Table, chain: string, seen: Packet): boolean => {
    const rules = tables[table].get(chain);
    if (rules === undefined) throw new Error(`no chain ${chain} in ${table}`);
    return rules.some((rule) => step(table, rule, seen));
  };
  /** Whether the packet's way through the table ends here. */
  const step = (table: Table, rule: Rule, seen: Packet): boolean => {
    const { matches, chance, target, argument } = read(rule, seen, localAddresses);
    if (!matches || target === undefined || target === "RETURN") return false;
    if (target === "DNAT") outcome.outputs.push(argument);
    else if (target === "REJECT" || target === "DROP" || target === "ACCEPT") outcome.outputs = [target];
    else if (target === "MARK") {
      outcome.masquerade = true;
      return false;
    } else return walk(table, target, seen) && !chance;
    return !chance;
  };
  walk("nat", "PREROUTING", packet);
  const [first] = outcome.outputs;
  // Translated packets meet the filter with the endpoint as their destination.
  const translated = first === undefined ? packet : { ...packet, ...splitOutput(first) };
  for (const chain of ["KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-NODEPORTS", "KUBE-PROXY-FIREWALL"])
    if (walk("filter", chain, translated)) break;
  return outcome;
}

function splitOutput(output: string): { destination: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[(.*)\]|([^:]*)):(\d+)$/.exec(output) ?? [];
  return { destination: bracketed ?? plain ?? "", port: Number(port) };
}

interface Reading {
  matches: boolean;
  /** It might as well not match. */
  chance: boolean;
  target?: string;
  argument: string;
}

function read(rule: Rule, packet: Packet, localAddresses: readonly string[]): Reading {
  const words = rule.match(/"[^"]*"|\S+/g) ?? [];
  const reading: Reading = { matches: true, chance: false, argument: "" };
  let negated = false;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index]!;
    const value = words[index + 1] ?? "";
    const check = (holds: boolean) => {
      if (holds === negated) reading.matches = false;
      negated = false;
      index += 1;
    };
    if (word === "!") negated = true;
    else if (word === "-s") check(isIn(packet.source, value));
    else if (word === "-d") check(isIn(packet.destination, value));
    else if (word === "-p") check(packet.protocol.toLowerCase() === value);
    else if (word === "--dport") check(packet.port === Number(value));
    else if (word === "--dst-type") check(isLocal(packet.destination, localAddresses));
    else if (word === "--src-type") check(isLocal(packet.source, localAddresses));
    else if (word === "--probability") {
      reading.chance = true;
      index += 1;
      // Nobody was served before.
    } else if (word === "--rcheck") reading.matches = false;
    else if (word === "-j") {
      reading.target = value;
      reading.argument = words[index + 3] ?? "";
      return reading;
    }
  }
  return reading;
}

function isIn(address: string, prefix: string): boolean {
  return prefixContains(parsePrefix(prefix)!, parseAddress(address)!);
}

function isLocal(address: string, localAddresses: readonly string[]): boolean {
  return localAddresses.includes(address) || isIn(address, "127.0.0.0/8") || address === "::1";
}
