import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import type { DescriptorBudget } from "../../../net/budget.ts";
import { UdpRelay } from "../../../net/udp-relay.ts";
import type { Balancer, EndpointSet } from "./balancer.ts";

export interface UdpPortOptions {
  address: string;
  /** 0: the kernel's choice. */
  port: number;
  set: EndpointSet;
  balancer: Balancer;
  budget: DescriptorBudget;
  /** Milliseconds after which a client that says nothing is chosen for anew. */
  idleTimeout: number;
}

export interface UdpPort {
  port: number;
  relay: UdpRelay;
}

/** Receives the datagrams of one set of a service port. Rejects with bind(2)'s error. */
export async function listenUdp(options: UdpPortOptions): Promise<UdpPort> {
  const { address, set, balancer, budget, idleTimeout } = options;
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  socket.bind({ address, port: options.port, exclusive: true });
  await once(socket, "listening");
  const relay = new UdpRelay({
    socket,
    idleTimeout,
    budget,
    choose: (client) => balancer.pick(set, client, performance.now()),
    refused: (client) => balancer.forget(client),
  });
  return { port: socket.address().port, relay };
}
