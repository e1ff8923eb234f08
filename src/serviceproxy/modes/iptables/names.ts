import { createHash } from "node:crypto";
import { formatAddressPort } from "../../../ip/address.ts";
import type { Endpoint, ServicePort } from "../../table.ts";

/** The chains of one service port are told apart by these. */
export const prefixes = {
  /** Spreads over the Cluster set. */
  cluster: "KUBE-SVC-",
  /** Spreads over the Local set. */
  local: "KUBE-SVL-",
  /** Where traffic to external addresses and node ports goes first. */
  external: "KUBE-EXT-",
  /** Lets only loadBalancerSourceRanges through. */
  firewall: "KUBE-FW-",
  /** One endpoint. */
  endpoint: "KUBE-SEP-",
} as const;

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The first 16 characters of the RFC 4648 base32 of a SHA-256: 80 bits, 16 groups of five. */
function digest(text: string): string {
  const bytes = createHash("sha256").update(text).digest();
  let result = "";
  for (let bit = 0; bit < 80; bit += 5) {
    const word = (bytes[bit >> 3]! << 8) | bytes[(bit >> 3) + 1]!;
    result += alphabet[(word >> (11 - (bit & 7))) & 31];
  }
  return result;
}

/** The names of a service port's chains; the colon before an empty port name is kept, as kube-proxy of the source's day did. */
export function chainNames({ name, protocol }: Pick<ServicePort, "name" | "protocol">) {
  const seed = name + protocol.toLowerCase();
  const hash = digest(seed);
  return {
    cluster: prefixes.cluster + hash,
    local: prefixes.local + hash,
    external: prefixes.external + hash,
    firewall: prefixes.firewall + hash,
    endpoint: ({ address, port }: Pick<Endpoint, "address" | "port">) =>
      prefixes.endpoint + digest(seed + formatAddressPort(address, port)),
  };
}

const servicePattern = new RegExp(`^(?:${Object.values(prefixes).join("|")})[A-Z2-7]{16}$`);

/** Whether a chain belongs to some service port, of this run or an earlier one, ours or kube-proxy's. */
export function isServiceChain(chain: string): boolean {
  return servicePattern.test(chain);
}
