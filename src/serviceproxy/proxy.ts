import { setTimeout as sleep } from "node:timers/promises";
import type { Address, Family } from "../ip/address.ts";
import type { KubernetesClient } from "../kubernetes/client.ts";
import { startReflector } from "../kubernetes/list-watch.ts";
import { endpointSlices, nodes, services } from "../kubernetes/resource.ts";
import type { EndpointSlice, Node, Service } from "../kubernetes/types.ts";
import { WatchTrouble } from "../kubernetes/watch-trouble.ts";
import type { Logger } from "../role/log.ts";
import { isServiceAddress, ServiceAddressError } from "./api-address.ts";
import { ChangeCounts, NoLocalEndpoints } from "./change-counts.ts";
import type { NodeContext } from "./compile/compile.ts";
import type { FindObject, ProxyEvents } from "./events.ts";
import type { ProxyHealth } from "./health.ts";
import { HealthChecks } from "./health-checks.ts";
import { ServiceInputs } from "./inputs.ts";
import type { ProxyMetrics } from "./metrics.ts";
import type { Mode } from "./modes/mode.ts";
import { isSameContext, nodeContext, PodCIDRsChangedError, podCIDRsOf } from "./node.ts";
import { slimService, slimSlice } from "./slim.ts";
import { Runner } from "./sync/runner.ts";
import { Syncer } from "./sync/syncer.ts";
import { ServiceTable } from "./table.ts";
import { TriggerTimes } from "./trigger-times.ts";

export interface ProxyOptions {
  client: KubernetesClient;
  nodeName: string;
  /** Stands for the node in its family; 0.0.0.0 and ::, as none at all, leave it to the Node object. */
  nodeAddress?: Address;
  /** What the rules take for the node's Pods; when the Node object says otherwise, `failed` rejects. Absent: nobody asks. */
  podCIDRs?: readonly string[];
  /** False: externalIPs of Services get no rules. */
  externalIPs?: boolean;
  /** One for each family that is served. */
  modes: readonly Mode[];
  /** Host of the API server's URL: must not be one that only the proxy's own rules lead to. */
  apiHost?: string;
  /** Milliseconds: see Runner and kube-proxy's --iptables-min-sync-period and --iptables-sync-period. */
  minSyncPeriod: number;
  syncPeriod: number;
  health: ProxyHealth;
  metrics: ProxyMetrics;
  events: ProxyEvents;
  /** Where node ports answer and health checks listen in a family; undefined: on all addresses of it. Asked now and then: they may change. */
  nodePortAddresses: (family: Family, node: NodeContext) => readonly string[] | undefined;
  /** Asked once everything was read: nothing is written before it resolves. */
  mayWrite?: () => Promise<void>;
  /** Told after that, unless the proxy was stopped meanwhile: from here on rules are written. */
  onWriting?: () => void;
  log: Logger;
}

export interface ServiceProxy {
  readonly table: ServiceTable;
  /** The node as the compiler sees it now. */
  readonly node: () => NodeContext;
  /** Resolves when the rules were written for the first time. */
  readonly synced: Promise<void>;
  /** Looks whether the rules are still there, without waiting for the next time that it would do so by itself. */
  check(): void;
  /** Compares everything with the kernel, because rules have to be other ones than they are. */
  compare(): void;
  /** Rejects when the proxy cannot do its work and no retry will help. Never resolves. */
  readonly failed: Promise<never>;
  /** Stops following the API and waits for a write that is on its way. Rules stay. */
  stop(): Promise<void>;
}

const hour = 3_600_000;
/** Without its Node object the proxy starts all the same: only zones and source ranges need it. */
const patienceForNode = 2000;
/** Objects that other proxies serve, and headless ones, stay away. */
const serviceSelector = "!service.kubernetes.io/service-proxy-name";
const sliceSelector = `${serviceSelector},!service.kubernetes.io/headless`;

/**
 * Follows Services and EndpointSlices and keeps the node's rules equal to them. Nothing is written before both have been read completely;
 * while the API is away everything stays as it is.
 */
export function startServiceProxy(options: ProxyOptions): ServiceProxy {
  const { client, nodeName, modes, health, metrics, events, log, syncPeriod } = options;
  const families = modes.map(({ family }) => family);
  const contextOf = (node: Node | undefined): NodeContext => ({
    ...nodeContext(nodeName, node, families, options.nodeAddress),
    externalIPs: options.externalIPs,
  });
  const inputs = new ServiceInputs(contextOf(undefined));
  const table = new ServiceTable();
  const find: FindObject = (resource, name, namespace) =>
    (resource === services ? serviceCache : sliceCache).get(name, namespace);
  const counts = new ChangeCounts(metrics);
  const noLocalEndpoints = new NoLocalEndpoints(metrics.noLocalEndpoints);
  const healthChecks = new HealthChecks({
    addresses: (family) => options.nodePortAddresses(family, inputs.node),
    isProxyHealthy: () => health.live().status === 200,
    onFailure: (service, port, error) => {
      log.warn(
        { service, port, error: error.message },
        "cannot listen on a Service's healthCheckNodePort; trying again",
      );
      events.healthCheckFailed(service, port, error, find);
    },
  });
  const syncer = new Syncer({
    inputs,
    table,
    modes,
    metrics,
    log,
    fullSyncPeriod: hour,
    onProblem: (problem) => {
      log.warn(problem, "a part of an object is left out");
      events.skipped(problem, find);
    },
    onChanged: (changes) => {
      healthChecks.note(changes);
      healthChecks.apply(table);
      // Last: it counts, and changes are told again when something here throws.
      noLocalEndpoints.apply(changes);
    },
  });
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  // Whoever does not look at it must not be ended by it.
  failed.catch(() => {});
  const { promise: synced, resolve: noteSynced } = Promise.withResolvers<void>();
  const triggers = new TriggerTimes();

  const sync = async () => {
    const seen = triggers.take();
    counts.taken();
    await syncer.sync().catch((error: Error) => {
      triggers.putBack(seen);
      throw error;
    });
    noteSynced();
    const now = Date.now();
    for (const { family } of modes) health.updated(family);
    for (const { time, family } of seen)
      metrics.programmingDuration.observe((now - time) / 1000, { ip_family: family });
  };
  const onError = (error: Error) => log.error({ err: error }, "rules could not be written; trying again");
  const runner = new Runner({
    minInterval: options.minSyncPeriod,
    retryInterval: Math.min(syncPeriod, Math.max(options.minSyncPeriod, 1000)),
    maxInterval: hour,
    onError,
    run: sync,
  });

  const addressesNow = () => JSON.stringify(families.map((family) => options.nodePortAddresses(family, inputs.node)));
  let addressesThen = addressesNow();
  /** An address that came to the node, or left it, is in fixed rules and in the places where health checks listen. */
  const followAddresses = () => {
    const now = addressesNow();
    if (now === addressesThen) return;
    addressesThen = now;
    syncer.requestFull();
    healthChecks.rebind();
  };

  let ready = false;
  let stopped = false;
  let isChanged = false;
  const noteQueued = () => {
    for (const family of families) {
      health.queued(family);
      metrics.lastQueued.set(Date.now() / 1000, { ip_family: `IPv${family}` });
    }
  };
  const changed = () => {
    isChanged = true;
    if (!ready) return;
    noteQueued();
    runner.trigger();
  };
  const trouble = new WatchTrouble(log, "cannot follow the API; rules stay as they are");

  const serviceCache = startReflector<Service>(client, services, {
    labelSelector: serviceSelector,
    transform: slimService,
    onError: trouble.of(services.plural),
  });
  const sliceCache = startReflector<EndpointSlice>(client, endpointSlices, {
    labelSelector: sliceSelector,
    transform: slimSlice,
    onError: trouble.of(endpointSlices.plural),
  });
  const nodeCache = startReflector<Node>(client, nodes, {
    fieldSelector: `metadata.name=${nodeName}`,
    onError: trouble.of(nodes.plural),
  });

  serviceCache.subscribe((change) => {
    counts.service();
    if (change.type === "deleted") inputs.deleteService(change.object);
    else inputs.setService(change.object);
    changed();
  });
  sliceCache.subscribe((change) => {
    counts.endpoints();
    if (change.type === "deleted") {
      inputs.deleteSlice(change.object);
      triggers.forget(change.object);
    } else {
      inputs.setSlice(change.object, change.type === "modified" ? change.old : undefined);
      triggers.note(change.object);
    }
    changed();
  });
  nodeCache.subscribe((change) => {
    const node = change.type === "deleted" ? undefined : change.object;
    health.setNode(node);
    const { podCIDRs } = options;
    if (podCIDRs !== undefined && node !== undefined && podCIDRsOf(node).join() !== podCIDRs.join())
      fail(new PodCIDRsChangedError(podCIDRs, podCIDRsOf(node)));
    const context = contextOf(node);
    if (isSameContext(context, inputs.node)) return;
    inputs.setNode(context);
    followAddresses();
    // Fixed rules depend on the node's addresses too.
    syncer.requestFull();
    changed();
  });

  const patience = new AbortController();
  let first: Promise<void> | undefined;
  const start = async () => {
    await Promise.all([serviceCache.synced, sliceCache.synced]);
    await Promise.race([nodeCache.synced, sleep(patienceForNode, undefined, { signal: patience.signal })]);
    patience.abort();
    const own = serviceCache.get("kubernetes", "default");
    if (isServiceAddress(options.apiHost, own)) throw new ServiceAddressError(options.apiHost!);
    await options.mayWrite?.();
    if (stopped) return;
    options.onWriting?.();
    isChanged = false;
    noteQueued();
    // No run of the runner, for what comes meanwhile would be held back after it: a cluster that starts waits for its first endpoints.
    first = sync().catch((error: Error) => {
      isChanged = true;
      onError(error);
    });
    await first;
    ready = true;
    if (isChanged) changed();
  };
  start().catch((error: Error) => {
    if (error.name !== "AbortError") fail(error);
  });
  const check = () => {
    if (!ready) return;
    followAddresses();
    syncer.requestCheck();
    runner.trigger();
  };
  const compare = () => {
    syncer.requestFull();
    isChanged = true;
    if (ready) runner.trigger();
  };
  const checking = setInterval(check, syncPeriod);

  return {
    table,
    node: () => inputs.node,
    synced,
    check,
    compare,
    failed,
    async stop() {
      stopped = true;
      patience.abort();
      clearInterval(checking);
      for (const cache of [serviceCache, sliceCache, nodeCache]) cache.stop();
      await runner.stop();
      await first;
      syncer.stop();
      healthChecks.close();
    },
  };
}
