import { createServer, type Server, type Socket } from "node:net";
import type { DescriptorBudget } from "../../../net/budget.ts";
import { dial, keepAliveDelay } from "../../../net/dial.ts";
import { relay } from "../../../net/relay.ts";
import type { Endpoint } from "../../table.ts";
import type { Balancer, EndpointSet } from "./balancer.ts";

/** Milliseconds for each try to reach an endpoint; kube-proxy's userspace mode had the same. */
const dialTimeouts = [250, 500, 1000, 2000] as const;
/** Connections that wait to be accepted; the kernel's own limit (net.core.somaxconn) is 4096. */
const backlog = 4096;
/** The client's connection and the one to the endpoint. */
const descriptorsOfConnection = 2;

export interface TcpPortOptions {
  address: string;
  /** 0: the kernel's choice. */
  port: number;
  set: EndpointSet;
  balancer: Balancer;
  budget: DescriptorBudget;
  /** Clients' connections while they last, whether their port is still listened on or not. */
  connections: Set<Socket>;
  /** No endpoint could be reached, or there was no descriptor left. */
  refused: (error: Error) => void;
}

/** Listens for the connections of one set of a service port and joins each with an endpoint. Rejects with listen(2)'s error. */
export async function listenTcp(options: TcpPortOptions): Promise<Server> {
  const server = createServer(
    // Not read before the endpoint is there: bytes wait in the kernel, and its window holds the client back.
    {
      allowHalfOpen: true,
      pauseOnConnect: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveDelay,
    },
    (client) => accept(client, options),
  );
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ host: options.address, port: options.port, backlog, exclusive: true }, resolve);
  await promise;
  server.off("error", reject);
  // Of accept(2): out of descriptors in spite of the budget, say. The next connection may do better.
  server.on("error", options.refused);
  return server;
}

function accept(client: Socket, options: TcpPortOptions): void {
  const { budget, connections, refused } = options;
  client.on("error", ignore);
  if (!budget.take(descriptorsOfConnection)) {
    refused(new Error("too many connections: all descriptors are in use"));
    client.resetAndDestroy();
    return;
  }
  connections.add(client);
  const release = () => {
    connections.delete(client);
    budget.give(descriptorsOfConnection);
  };
  const address = client.remoteAddress;
  if (address === undefined) {
    // Reset while it waited to be accepted.
    client.destroy();
    release();
    return;
  }
  dialEndpoint(address, [], options, (error, endpoint) => {
    if (endpoint === undefined) {
      refused(error!);
      client.resetAndDestroy();
      release();
    } else relay(client, endpoint, release);
  });
}

function ignore(): void {}

/** Tries endpoints, each with more patience than the one before, until one answers. */
function dialEndpoint(
  client: string,
  tried: readonly Endpoint[],
  options: TcpPortOptions,
  done: (error: Error | undefined, socket?: Socket) => void,
): void {
  const { balancer, set } = options;
  const endpoint = balancer.pick(set, client, performance.now(), tried);
  const timeout = dialTimeouts[tried.length];
  if (endpoint === undefined) {
    done(new Error("the endpoints went away"));
    return;
  }
  dial(endpoint, timeout!, (error, socket) => {
    if (error === undefined) done(undefined, socket);
    else if (tried.length + 1 < dialTimeouts.length) dialEndpoint(client, [...tried, endpoint], options, done);
    else {
      balancer.forget(client);
      done(error);
    }
  });
}
