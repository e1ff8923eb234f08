/** A host without IPv6 gets a cluster with IPv4 alone; the same objects live on when the host has IPv6. */
import { inOwnNetwork } from "./support/own-network.ts";

if (inOwnNetwork(import.meta.url)) await import("./dual-stack/ipv6-off.ts");
