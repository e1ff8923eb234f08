import type { Family } from "../../ip/address.ts";

/** AF_INET and AF_INET6 (socket(7)); netfilter's NFPROTO_IPV4 and NFPROTO_IPV6 are the same numbers. */
export const familyNumbers = { 4: 2, 6: 10 } as const satisfies Record<Family, number>;
