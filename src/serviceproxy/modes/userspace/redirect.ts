import type { Family } from "../../../ip/address.ts";
import type { Endpoint, ServicePort } from "../../table.ts";
import type { EndpointSet } from "./balancer.ts";

/**
 * The address that the proxy listens on, on the loopback device of the node: nobody else's, and always there, whatever addresses the node
 * has and loses. Packets get there by translation only (see IptablesConfig.socketAddress). Link-local, so that no router knows it, and unique local
 * (RFC 4193) in IPv6, where a link-local address would need its link named.
 */
export const socketAddresses: Record<Family, string> = { 4: "169.254.98.114", 6: "fd66:6169:7277:6179::1" };

/** The ports of the two sets of one service port, as far as somebody listens there. */
export type SocketPorts = Readonly<Partial<Record<EndpointSet, number>>>;

/**
 * The row as the rules must see it: each set has one endpoint, the proxy's own socket. What is refused, dropped, let in and kept here stays
 * the same; endpoints that come and go do not show.
 */
export function redirectRow(row: ServicePort, ports: SocketPorts): ServicePort {
  const socket = (set: EndpointSet): Endpoint[] => {
    const port = ports[set];
    if (port === undefined) return [];
    const address = socketAddresses[row.family];
    return [{ address, port, local: true, ready: true, serving: true, terminating: false }];
  };
  return { ...row, affinitySeconds: 0, cluster: socket("cluster"), local: socket("local"), serving: [] };
}
