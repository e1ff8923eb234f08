import { formatAddress, parseAddress, parseSloppyAddress } from "../../ip/address.ts";
import type { Name } from "./message.ts";

/** One spelling for each address; undefined for what is none. */
export function canonicalAddress(text: string): string | undefined {
  const address = parseSloppyAddress(text);
  return address === undefined ? undefined : formatAddress(address);
}

/**
 * The address that a name below in-addr.arpa or ip6.arpa asks for, in its canonical spelling; "partial" for a name above one (it exists,
 * without records of its own), undefined for a name that can never stand for an address. `labels`: lower case, without the two last.
 */
export function reverseAddress(labels: Name, family: "in-addr" | "ip6"): string | "partial" | undefined {
  const whole = family === "in-addr" ? 4 : 32;
  const digit = family === "in-addr" ? /^(0|[1-9][0-9]{0,2})$/ : /^[0-9a-f]$/;
  if (labels.length > whole || !labels.every((label) => digit.test(label) && (whole === 32 || Number(label) < 256))) {
    return undefined;
  }
  if (labels.length < whole) return "partial";
  const parts = labels.toReversed();
  return canonicalAddress(family === "in-addr" ? parts.join(".") : parts.join("").match(/.{4}/g)!.join(":"));
}

/** The address in the first label of a Pod's name: 10-32-0-3, or an IPv6 address with dashes for its colons. */
export function podAddress(label: string): string | undefined {
  const address = parseAddress(label.replaceAll("-", ".")) ?? parseAddress(label.replaceAll("-", ":"));
  return address === undefined ? undefined : formatAddress(address);
}
