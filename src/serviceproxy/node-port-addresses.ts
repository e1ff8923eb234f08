import { networkInterfaces } from "node:os";
import { type Address, type Family, formatAddress, parseAddress } from "../ip/address.ts";
import { type Prefix, parsePrefix, prefixContains } from "../ip/prefix.ts";

/**
 * The addresses of this node that node ports answer on; undefined: all of them. `ranges` as --nodeport-addresses: prefixes, or the word
 * "primary" for the addresses of the Node object. Ranges of the other family only leave this one open, as in kube-proxy.
 */
export function nodePortAddresses(
  ranges: readonly string[],
  family: Family,
  nodeAddresses: readonly Address[],
  own: readonly Address[] = ownAddresses(),
): string[] | undefined {
  const inFamily = (addresses: readonly Address[]) => addresses.filter((address) => address.family === family);
  if (ranges.length === 1 && ranges[0] === "primary") {
    const [primary] = inFamily(nodeAddresses);
    return primary === undefined ? undefined : [formatAddress(primary)];
  }
  const prefixes = ranges
    .map(parsePrefix)
    .filter((prefix): prefix is Prefix => prefix !== undefined && prefix.family === family);
  if (prefixes.length === 0 || prefixes.some(({ length }) => length === 0)) return undefined;
  return inFamily(own)
    .filter((address) => prefixes.some((prefix) => prefixContains(prefix, address)))
    .map(formatAddress);
}

function ownAddresses(): Address[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => (addresses ?? []).map(({ address }) => parseAddress(address)))
    .filter((address): address is Address => address !== undefined);
}

/** Whether 127.0.0.1 is among the addresses that node ports answer on. */
export function includesLoopback(ranges: readonly string[]): boolean {
  if (ranges.length === 0) return true;
  const loopback = parseAddress("127.0.0.1")!;
  return ranges.some((text) => {
    const range = parsePrefix(text);
    return range !== undefined && prefixContains(range, loopback);
  });
}
