import { setTimeout as sleep } from "node:timers/promises";
import { parseAddress } from "../ip/address.ts";
import { createEventRecorder, type EventRecorder } from "../kubernetes/events.ts";
import { createClient } from "../kubernetes/http-client.ts";
import { createHttpsTransport } from "../kubernetes/https-transport.ts";
import { inClusterAccess, loadKubeconfig } from "../kubernetes/kubeconfig.ts";
import { holdYoungGeneration } from "../role/heap.ts";
import type { Logger } from "../role/log.ts";
import { Metrics } from "../role/metrics.ts";
import { isServiceAddress, ServiceAddressError } from "./api-address.ts";
import { encodeConfiguration } from "./config/encode.ts";
import type { ProxySettings } from "./config/settings.ts";
import { ProxyEvents } from "./events.ts";
import { ProxyHealth } from "./health.ts";
import { setConntrack, setOOMScore } from "./host-settings.ts";
import { type Pages, parseBindAddress, servePages } from "./http-server.ts";
import { createProxyMetrics } from "./metrics.ts";
import { openLocalhostNodePorts } from "./modes/iptables/open.ts";
import { localTrafficOf, needsPodCIDRs } from "./modes/local-traffic.ts";
import { openModes } from "./modes/open.ts";
import { readPodCIDRs } from "./node.ts";
import { nodePortAddresses } from "./node-port-addresses.ts";
import { HealthChecks, healthPages, metricsPages } from "./pages.ts";
import { type ServiceProxy, startServiceProxy } from "./proxy.ts";
import { followServiceRanges, type ServiceRanges } from "./service-ranges.ts";
import { RepairBackoff } from "./sync/repair-backoff.ts";

/** Milliseconds between two looks at what others did to the rules, where a mode can tell. */
const lookInterval = 250;

/** `--init-only`: sets what needs all of root's rights; the proxy itself then runs with CAP_NET_ADMIN. */
export async function prepareHost(settings: ProxySettings, log: Logger): Promise<void> {
  await setConntrack(settings.configuration.conntrack, log);
  if (settings.mode === "iptables") await openLocalhostNodePorts(settings, log);
  if (settings.mode === "ipvs") await (await import("./modes/ipvs/host.ts")).prepareIpvs(settings.configuration);
}

/** What others do and want to know while a proxy starts. */
export interface StartOptions {
  /**
   * For the successor of a proxy that still runs: asked once everything was read and the kernel was found able; resolves when that one is
   * gone. Rules are written, and ports listened on, only then.
   */
  predecessorGone?: () => Promise<void>;
  /** Told when the rules are there, and those of other modes are not any more. */
  onServing?: () => void;
}

/** Runs the proxy until `ended` resolves; rejects when that rejects, and when the proxy cannot do its work. Rules stay. */
export async function runProxy(
  settings: ProxySettings,
  log: Logger,
  ended: Promise<void>,
  { predecessorGone, onServing }: StartOptions = {},
): Promise<void> {
  const letGrow = holdYoungGeneration();
  let proxy: ServiceProxy | undefined;
  let ranges: ServiceRanges | undefined;
  const { configuration, nodeName, mode, minSyncPeriod, syncPeriod } = settings;
  const access = await (settings.kubeconfig === "" ? inClusterAccess() : loadKubeconfig(settings.kubeconfig));
  if (settings.master !== "") access.server = settings.master;
  const apiHost = new URL(access.server).hostname;
  if (isServiceAddress(apiHost)) throw new ServiceAddressError(apiHost);
  await Promise.all([setOOMScore(configuration.oomScoreAdj, log), setConntrack(configuration.conntrack, log)]);
  const client = createClient(createHttpsTransport(access), { userAgent: "fairway-proxy" });
  const recorder = createEventRecorder({
    client,
    component: "kube-proxy",
    host: nodeName,
    onError: (error) => log.debug({ error: error.message }, "an event could not be written"),
  });
  const events = new ProxyEvents(recorder, nodeName);

  let podCIDRs: string[] | undefined;
  if (needsPodCIDRs(configuration)) {
    podCIDRs = await readPodCIDRs(client, nodeName, log, ended);
    if (podCIDRs === undefined) return client.close();
  }
  const opened = await openModes({
    settings,
    localTraffic: localTrafficOf(configuration, podCIDRs ?? []),
    surroundings: () => ({
      nodeAddresses: proxy?.node().addresses ?? [],
      serviceCIDRs: ranges?.cidrs() ?? [],
    }),
    log,
  });
  const { modes } = opened;
  const metrics = new Metrics();
  const proxyMetrics = createProxyMetrics(metrics, mode);
  const health = new ProxyHealth(
    modes.map(({ family }) => family),
    2 * syncPeriod,
  );
  proxy = startServiceProxy({
    client,
    nodeName,
    externalIPs: settings.externalIPs,
    nodeAddress: parseAddress(configuration.bindAddress),
    podCIDRs,
    modes,
    apiHost,
    minSyncPeriod,
    syncPeriod,
    health,
    metrics: proxyMetrics,
    events,
    nodePortAddresses: (family, node) => nodePortAddresses(settings.nodePortAddresses, family, node.addresses),
    mayWrite: predecessorGone,
    onWriting: () => {
      if (predecessorGone !== undefined) listen();
    },
    log,
  });
  const { check, compare, failed, synced } = proxy;
  opened.addMetrics?.(metrics, compare);

  const { promise: unbound, reject: failBind } = Promise.withResolvers<never>();
  unbound.catch(() => {});
  const serve = (server: "healthz" | "metrics", bind: string, pages: Pages) => {
    if (bind === "") return [];
    const onFailure = (error: Error) => {
      events.serverFailed(server, error);
      if (configuration.bindAddressHardFail) failBind(new Error(`cannot listen on ${bind}: ${error.message}`));
    };
    return [servePages(parseBindAddress(bind)!, pages, log, onFailure)];
  };
  const { healthzBindAddress, metricsBindAddress } = configuration;
  const configz = () => encodeConfiguration(configuration);
  const checks = new HealthChecks();
  const servers: { close(): void }[] = [];
  const listen = () =>
    servers.push(
      ...serve("healthz", healthzBindAddress, healthPages(health, proxyMetrics, checks)),
      ...serve("metrics", metricsBindAddress, metricsPages(metrics, checks, mode, configz)),
    );
  if (predecessorGone === undefined) listen();

  events.starting();
  log.info({ mode, tool: opened.tool, api: access.server }, "the proxy starts");
  // Only now everything that they did is done by this mode.
  void synced
    .then(opened.cleanupOthers)
    .catch((error: Error) => log.warn({ err: error }, "rules of another mode may be left"))
    .then(onServing);
  // Connections that end in this process are worth its memory.
  if (mode === "userspace") void synced.then(letGrow);
  if (mode === "nftables") ranges = followServiceRanges({ client, onChange: check, log });
  const backoff = new RepairBackoff(syncPeriod, () =>
    log.warn("rules are changed again after each repair, perhaps by another proxy on this node; repairing less often"),
  );
  const looking = setInterval(() => {
    const damages = opened.damages?.() ?? 0;
    if (damages > 0 && backoff.isDue(damages, performance.now())) check();
  }, lookInterval);
  try {
    await Promise.race([failed, ended, unbound]);
  } finally {
    clearInterval(looking);
    ranges?.stop();
    for (const server of servers) server.close();
    await proxy.stop();
    await closeWithin(recorder, 2000);
    await client.close();
    // Last: where connections end in this process, they and new ones are served until then.
    opened.close?.();
  }
}

/** Events are told in time or not at all: an API that is away must not keep the proxy from ending. */
async function closeWithin(recorder: EventRecorder, milliseconds: number): Promise<void> {
  const late = new AbortController();
  await Promise.race([recorder.close(), sleep(milliseconds, undefined, { signal: late.signal }).catch(() => {})]);
  late.abort();
}
