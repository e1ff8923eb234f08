/**
 * Rules as text, in the very words and order of iptables-save (the same in its nft and legacy backends, 1.8), so that what the kernel has
 * can be compared with what it should have.
 */
import { bitsOf, type Family, familyOf } from "../../../ip/address.ts";
import type { Protocol } from "../../table.ts";

export type Table = "filter" | "nat" | "mangle";

/** A rule without its chain: "-d 10.96.0.1/32 -p tcp -m comment --comment \"…\" -m tcp --dport 443 -j KUBE-SVC-…". */
export type Rule = string;

export interface Match {
  /** Prefix or address; "!" in front turns it round. */
  source?: string;
  destination?: string;
  /** Interface it came in by, "br0" or "veth+". */
  input?: string;
  protocol?: Protocol;
  comment?: string;
  /** More matches, written out: "-m addrtype --dst-type LOCAL". */
  also?: string;
  port?: number;
  /** The counter (nfacct) of the packets that everything before matched. */
  counter?: string;
}

/** "! -s 10.0.0.0/8 -p tcp …": source, destination, interface and protocol first, then the matches, then the target. */
export function rule(match: Match, target = ""): Rule {
  const { source, destination, input, protocol, comment, also, port, counter } = match;
  const words: string[] = [];
  const option = (flag: string, value: string | undefined) => {
    if (value === undefined) return;
    if (value.startsWith("!")) words.push("!", flag, value.slice(1));
    else words.push(flag, value);
  };
  option("-s", source && withLength(source));
  option("-d", destination && withLength(destination));
  option("-i", input);
  const name = protocol?.toLowerCase();
  option("-p", name);
  if (comment !== undefined) words.push(`-m comment --comment "${comment}"`);
  if (also) words.push(also);
  if (name !== undefined) words.push(port === undefined ? `-m ${name}` : `-m ${name} --dport ${port}`);
  if (counter !== undefined) words.push(`-m nfacct --nfacct-name ${counter}`);
  if (target) words.push("-j", target);
  return words.join(" ");
}

/** iptables-save writes a single address as a prefix too. */
function withLength(range: string): string {
  return range.includes("/") ? range : `${range}/${bitsOf(familyOf(range))}`;
}

/** The kernel keeps a probability in 31 bits; this is its value as iptables-save prints it. */
export function probability(one: number): string {
  const scale = 0x8000_0000;
  return (Math.round(scale / one) / scale).toFixed(11);
}

export function rejectTarget(family: Family): string {
  return `REJECT --reject-with ${family === 4 ? "icmp-port-unreachable" : "icmp6-port-unreachable"}`;
}

/** Sets the bits of `mark` and keeps the others. */
export function markTarget(mark: number): string {
  return `MARK --set-xmark 0x${mark.toString(16)}/0x${mark.toString(16)}`;
}

/** Turns the bits of `mark` round: takes them away from a packet that has them. */
export function unmarkTarget(mark: number): string {
  return `MARK --set-xmark 0x${mark.toString(16)}/0x0`;
}

export function markMatch(mark: number): string {
  return `--mark 0x${mark.toString(16)}/0x${mark.toString(16)}`;
}

/** The list of the clients that one endpoint chain served: `set` notes the client, `rcheck` asks for it. */
export function recentMatch(family: Family, list: string, seconds?: number): string {
  const mask = family === 4 ? "255.255.255.255" : "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  const what = seconds === undefined ? "--set" : `--rcheck --seconds ${seconds} --reap`;
  return `-m recent ${what} --name ${list} --mask ${mask} --rsource`;
}
