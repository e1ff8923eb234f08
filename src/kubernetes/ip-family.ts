/** A family of addresses, in the word that Services (ipFamilies) and EndpointSlices (addressType) have for it. */
export type IPFamily = "IPv4" | "IPv6";

export const ipFamilies: readonly IPFamily[] = ["IPv4", "IPv6"];

/** The family of an address or a prefix in text form, which is known to be one. */
export function ipFamilyOf(address: string): IPFamily {
  return address.includes(":") ? "IPv6" : "IPv4";
}
