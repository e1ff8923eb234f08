import { parseAddress } from "../ip/address.ts";
import { createClient } from "../kubernetes/http-client.ts";
import { createHttpsTransport } from "../kubernetes/https-transport.ts";
import { inClusterAccess, loadKubeconfig } from "../kubernetes/kubeconfig.ts";
import type { Logger } from "../role/log.ts";
import { Metrics } from "../role/metrics.ts";
import { encodeConfiguration } from "./config/encode.ts";
import type { ProxySettings } from "./config/settings.ts";
import { ProxyHealth } from "./health.ts";
import { parseBindAddress, servePages } from "./http-server.ts";
import { createProxyMetrics } from "./metrics.ts";
import { localTrafficOf, needsPodCIDRs } from "./modes/local-traffic.ts";
import { openModes } from "./modes/open.ts";
import { readPodCIDRs } from "./node.ts";
import { healthPages, metricsPages } from "./pages.ts";
import { isServiceAddress, ServiceAddressError, type ServiceProxy, startServiceProxy } from "./proxy.ts";
import { followServiceRanges, type ServiceRanges } from "./service-ranges.ts";

/** Milliseconds between two looks at what others did to the rules, where a mode can tell. */
const lookInterval = 250;

/** Runs the proxy until `ended` resolves; rejects when that rejects, and when the proxy cannot do its work. Rules stay. */
export async function runProxy(settings: ProxySettings, log: Logger, ended: Promise<void>): Promise<void> {
  let proxy: ServiceProxy | undefined;
  let ranges: ServiceRanges | undefined;
  const { configuration, nodeName, mode, minSyncPeriod, syncPeriod } = settings;
  const access = await (settings.kubeconfig === "" ? inClusterAccess() : loadKubeconfig(settings.kubeconfig));
  if (settings.master !== "") access.server = settings.master;
  const apiHost = new URL(access.server).hostname;
  if (isServiceAddress(apiHost)) throw new ServiceAddressError(apiHost);
  const client = createClient(createHttpsTransport(access), { userAgent: "fairway-proxy" });

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
  const proxyMetrics = createProxyMetrics(metrics);
  const health = new ProxyHealth(
    modes.map(({ family }) => family),
    2 * syncPeriod,
  );
  proxy = startServiceProxy({
    client,
    nodeName,
    nodeAddress: parseAddress(configuration.bindAddress),
    podCIDRs,
    modes,
    apiHost,
    minSyncPeriod,
    syncPeriod,
    health,
    metrics: proxyMetrics,
    log,
  });
  const { check, failed, synced } = proxy;

  const servers = [
    { bind: configuration.healthzBindAddress, pages: healthPages(health, proxyMetrics) },
    {
      bind: configuration.metricsBindAddress,
      pages: metricsPages(metrics, health, mode, () => encodeConfiguration(configuration)),
    },
  ].flatMap(({ bind, pages }) => (bind === "" ? [] : [servePages(parseBindAddress(bind)!, pages, log)]));

  log.info({ mode, tool: opened.tool, api: access.server }, "the proxy starts");
  // Only now everything that they did is done by this mode.
  synced.then(opened.cleanupOthers).catch((error: Error) => {
    log.warn({ err: error }, "rules of another mode may be left");
  });
  if (mode === "nftables")
    ranges = followServiceRanges({
      client,
      onChange: check,
      onError: (error) => log.warn({ error: error.message }, "cannot follow the ranges of Services"),
    });
  const looking = setInterval(() => {
    if (opened.isDamaged?.()) check();
  }, lookInterval);
  try {
    await Promise.race([failed, ended]);
  } finally {
    clearInterval(looking);
    ranges?.stop();
    for (const server of servers) server.close();
    await proxy.stop();
    opened.close?.();
    await client.close();
  }
}
