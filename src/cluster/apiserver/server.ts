import type { Server } from "node:https";
import type { Transport } from "../../kubernetes/transport.ts";
import type { PolicyRule } from "../../kubernetes/types.ts";
import type { Logger } from "../../role/log.ts";
import { agentPort, type ClusterConfig } from "../config.ts";
import type { Store } from "../storage/store.ts";
import { readAddresses } from "./allocation/addresses.ts";
import type { User } from "./answer.ts";
import { groupVersions } from "./api-resources.ts";
import { createAuthenticator } from "./authentication/authenticate.ts";
import { impersonate } from "./authentication/impersonate.ts";
import { JwtKey } from "./authentication/jwt.ts";
import { ServiceAccountTokens } from "./authentication/service-account-tokens.ts";
import { attributesOf } from "./authorization/attributes.ts";
import { Authorizer } from "./authorization/authorizer.ts";
import { bootstrapPolicy } from "./authorization/bootstrap-policy.ts";
import { NodeAuthorizer } from "./authorization/node.ts";
import { RbacAuthorizer } from "./authorization/rbac.ts";
import { bootstrapObjects } from "./bootstrap.ts";
import type { ApiContext } from "./context.ts";
import { noCustomResources } from "./custom-resources.ts";
import { createDiscovery } from "./discovery.ts";
import { startEventExpiry } from "./event-expiry.ts";
import { admit, createHandler, type Handler, type HandlerParts } from "./handler.ts";
import { createHooks } from "./hooks/index.ts";
import { createHttpsServer } from "./http-server.ts";
import type { KindDescriptor } from "./kinds/descriptor.ts";
import { keepKubernetesService } from "./kubernetes-service.ts";
import { localTransport } from "./local-transport.ts";
import { checkNamespace } from "./namespace-lifecycle.ts";
import { openApiPaths } from "./openapi.ts";
import { Registry } from "./registry.ts";
import { createReviews } from "./reviews.ts";
import { createStreamUpgrade, isStreamRequest } from "./streaming/exec.ts";
import { NodeAgents } from "./streaming/node-agents.ts";
import { createSubresources } from "./subresources/index.ts";
import { WatchHub } from "./watch-hub.ts";

export interface ApiServerOptions {
  config: ClusterConfig;
  store: Store;
  kinds: readonly KindDescriptor[];
  /** PEM texts. */
  tls: { certificate: string; key: string; ca: string };
  /** The client certificate for the agents of the nodes. PEM texts. */
  agentCredentials: { certificate: string; key: string; ca: string };
  /** PEM of the private key that signs ServiceAccount tokens. */
  serviceAccountKey: string;
  /** What each controller may do, by its short name. */
  controllerRules: Readonly<Record<string, PolicyRule[]>>;
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
  const now = options.now ?? Date.now;
  const watches = new WatchHub({ maxWatches: 4000, maxQueued: 256 << 20, bookmarkInterval: 10_000 });
  const addresses = readAddresses(config);
  const tokens = new ServiceAccountTokens({
    key: new JwtKey(options.serviceAccountKey),
    store,
    now,
    issuer: `https://kubernetes.default.svc.${config.clusterDomain}`,
  });
  const authorizer = new Authorizer(new RbacAuthorizer(store), new NodeAuthorizer(store.collection("pods")));
  const registry = new Registry(kinds, store, createHooks({ config, store, authorizer, addresses }));
  const agents = new NodeAgents({ store, credentials: options.agentCredentials, port: agentPort });
  const namespaces = store.collection("namespaces");
  const context: ApiContext = {
    store,
    registry,
    watches,
    subresources: createSubresources({ tokens, agents }),
    admitNamespace: (kind, name, namespace) => checkNamespace(namespaces, kind, name, namespace),
    now,
    log,
  };
  const kubernetesAddress = addresses.reserved.get("default/kubernetes")!;
  await bootstrapObjects(context, { config, kubernetesAddress, policy: bootstrapPolicy(options.controllerRules) });
  const stopKeeping = keepKubernetesService(context, config, kubernetesAddress);
  const authenticate = createAuthenticator(tokens);
  const identity: Pick<HandlerParts, "authenticate" | "authorize"> = {
    authenticate: (incoming) => {
      const sender = authenticate(incoming);
      return sender && impersonate(authorizer, sender, incoming.headers);
    },
    authorize: (user, info) => authorizer.check(user, attributesOf(info)),
  };
  const handler = createHandler({
    ...identity,
    context,
    discovery: createDiscovery(groupVersions(registry.kinds), `${config.apiAddress}:${config.apiPort}`),
    extraPaths: [openApiPaths(kinds), createReviews(authorizer, tokens), noCustomResources(store)],
  });
  const https = createHttpsServer({
    ...tls,
    handler,
    mayUpgrade: isStreamRequest,
    upgrade: createStreamUpgrade({ context, agents, admit: (incoming) => admit(identity, incoming) }),
  });
  const stopExpiry = startEventExpiry({ store, now, log });
  return {
    handler,
    https,
    transportFor: (user) => localTransport(handler, user),
    async close() {
      stopExpiry();
      stopKeeping();
      watches.close();
      https.closeAllConnections();
      await new Promise((resolve) => https.close(resolve));
      await store.settled();
      store.close();
    },
  };
}
