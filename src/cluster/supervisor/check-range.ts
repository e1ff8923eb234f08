import { type Family, parseAddress } from "../../ip/address.ts";
import { type Prefix, parsePrefix, prefixesOverlap } from "../../ip/prefix.ts";
import { OptionError } from "./option-error.ts";

const unusable: [string, string][] = [
  ["0.0.0.0/8", "this host"],
  ["127.0.0.0/8", "loopback"],
  ["169.254.0.0/16", "link-local, and the Pods' gateway is in it"],
  ["224.0.0.0/3", "multicast and reserved"],
  ["::/8", "reserved; loopback and the IPv4-mapped addresses are in it"],
  ["fe80::/10", "link-local, and the Pods' gateway is in it"],
  ["ff00::/8", "multicast"],
];

const examples = { 4: "10.32.0.0/12", 6: "fd00:10:32::/48" };

/** An address range of the cluster: well-formed, of a size that works (lengths of prefixes), and made of ordinary addresses. */
export function checkRange(flag: string, text: string, family: Family, smallest: number, largest: number): Prefix {
  const prefix = parsePrefix(text);
  const base = parseAddress(text.split("/")[0] ?? "");
  if (prefix?.family !== family || prefix.value !== base?.value)
    throw new OptionError(
      flag,
      `"${text}" is no IPv${family} range such as ${examples[family]} (bits behind the length must be 0)`,
    );
  if (prefix.length > smallest || prefix.length < largest) {
    const wanted = smallest === largest ? `a /${smallest}` : `between a /${largest} and a /${smallest}`;
    throw new OptionError(flag, `${text} must be ${wanted}`);
  }
  for (const [range, use] of unusable)
    if (prefixesOverlap(prefix, parsePrefix(range)!)) throw new OptionError(flag, `${text} overlaps ${range} (${use})`);
  return prefix;
}
