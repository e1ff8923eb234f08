import type { Server } from "node:https";
import type { Transport } from "../../kubernetes/transport.ts";
import type { Logger } from "../../role/log.ts";
import type { ClusterConfig } from "../config.ts";
import type { Store } from "../storage/store.ts";
import { errorAnswer, type User } from "./answer.ts";
import { groupVersions } from "./api-resources.ts";
import { bootstrapObjects } from "./bootstrap.ts";
import type { ApiContext } from "./context.ts";
import { createDiscovery } from "./discovery.ts";
import { createHandler, type Handler } from "./handler.ts";
import { namespaceHooks } from "./hooks/namespaces.ts";
import { podHooks } from "./hooks/pods.ts";
import { createHttpsServer, refuseUpgrade } from "./http-server.ts";
import type { KindDescriptor } from "./kinds/descriptor.ts";
import { localTransport } from "./local-transport.ts";
import { checkNamespace } from "./namespace-lifecycle.ts";
import { openApiPaths } from "./openapi.ts";
import { Registry } from "./registry.ts";
import { notFound } from "./status.ts";
import { createSubresources } from "./subresources/index.ts";
import { WatchHub } from "./watch-hub.ts";

export interface ApiServerOptions {
  config: ClusterConfig;
  store: Store;
  kinds: readonly KindDescriptor[];
  /** PEM texts. */
  tls: { certificate: string; key: string; ca: string };
  log: Logger;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

export interface ApiServer {
  readonly handler: Handler;
  readonly https: Server;
  /** A way into this server without a socket, as a given user. */
  transportFor(user: User): Transport;
  /** Ends watches and connections, waits for the journal, closes the store. */
  close(): Promise<void>;
}

/** Puts the API server together; it does not listen yet. The cluster's first objects are in the store when this resolves. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { config, store, kinds, tls, log } = options;
  const watches = new WatchHub({ maxWatches: 4000, bookmarkInterval: 10_000 });
  const registry = new Registry(kinds, store, { namespaces: namespaceHooks(), pods: podHooks() });
  const namespaces = store.collection("namespaces");
  const context: ApiContext = {
    store,
    registry,
    watches,
    subresources: createSubresources(),
    admitNamespace: (kind, name, namespace) => checkNamespace(namespaces, kind, name, namespace),
    now: options.now ?? Date.now,
    log,
  };
  await bootstrapObjects(context, config, "10.96.0.1");
  const handler = createHandler({
    context,
    authenticate: ({ user }) => user,
    authorize: () => {},
    discovery: createDiscovery(groupVersions(registry.kinds), `${config.apiAddress}:${config.apiPort}`),
    extraPaths: [openApiPaths(kinds)],
  });
  const https = createHttpsServer({
    ...tls,
    handler,
    upgrade: (_incoming, socket) => refuseUpgrade(socket, errorAnswer(notFound({ group: "", plural: "pods" }, ""))),
  });
  return {
    handler,
    https,
    transportFor: (user) => localTransport(handler, user),
    async close() {
      watches.close();
      https.closeAllConnections();
      await new Promise((resolve) => https.close(resolve));
      await store.settled();
      store.close();
    },
  };
}
