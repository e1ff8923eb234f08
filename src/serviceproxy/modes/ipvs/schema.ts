/** The names of what the mode has in the kernel. Nobody else's begin like them, so other modes and kube-proxy are never in the way. */
import type { Family } from "../../../ip/address.ts";
import type { SetType } from "../../../linux/ipset/element.ts";
import type { SetSchema } from "../../../linux/ipset/ipset.ts";

/** Holds the Services' addresses, so that packets to them are the node's own. By this name CNI plugins know that it is no way out. */
export const device = "kube-ipvs0";

/** What the rules look at, by kind. An element of the pairs is an address and a port that somebody may ask. */
export const setTypes = {
  /** Cluster addresses that are served. */
  CLUSTER: "hash:ip,port",
  /** External and balancer addresses and node ports under policy Cluster. */
  EXTERNAL: "hash:ip,port",
  /** The same under policy Local: the client's address is kept. */
  "EXTERNAL-LOCAL": "hash:ip,port",
  /** Endpoints of this node with themselves as the client. */
  LOOPBACK: "hash:ip,port,ip",
  /** Balancer addresses with source ranges, and who may use them. */
  FIREWALL: "hash:ip,port",
  "FIREWALL-ALLOWED": "hash:ip,port,net",
  /** Nobody serves it. */
  REJECT: "hash:ip,port",
  /** Only other nodes serve it, and the policy keeps it here. */
  DROP: "hash:ip,port",
  /** The same, but Pods and the node itself may go to other nodes. */
  "DROP-OUTSIDE": "hash:ip,port",
  /** Ports of health checks. */
  "HEALTH-CHECK": "bitmap:port",
  /** What the device holds. */
  ADDRESSES: "hash:ip",
} as const satisfies Record<string, SetType>;

export type SetKind = keyof typeof setTypes;

/** In this order elements are added: who may comes before what is closed, and an address is reachable last of all. */
export const setKinds = [
  "FIREWALL-ALLOWED",
  "FIREWALL",
  "LOOPBACK",
  "CLUSTER",
  "EXTERNAL",
  "EXTERNAL-LOCAL",
  "DROP-OUTSIDE",
  "DROP",
  "REJECT",
  "HEALTH-CHECK",
] as const satisfies SetKind[];

/** Names the virtual servers among the desired elements: key "TCP 10.96.0.1:443", value as in elements.ts. */
export const serversSet = "servers";

/** At most 31 characters. */
export function setName(family: Family, kind: SetKind): string {
  return `${family === 4 ? "FAIRWAY" : "FAIRWAY6"}-${kind}`;
}

export function setSchema(family: Family, kind: SetKind): SetSchema {
  return { name: setName(family, kind), type: setTypes[kind], family };
}
