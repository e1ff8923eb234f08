import { access } from "node:fs/promises";
import type { Family } from "../ip/address.ts";
import { createClient } from "../kubernetes/http-client.ts";
import { createHttpsTransport } from "../kubernetes/https-transport.ts";
import { inClusterAccess, loadKubeconfig } from "../kubernetes/kubeconfig.ts";
import { findIptables, type Iptables, isVersionAtLeast } from "../linux/iptables.ts";
import { readSysctl, writeSysctl } from "../linux/sysctl.ts";
import { createLogger, type Logger } from "../role/log.ts";
import { type Labels, Metrics } from "../role/metrics.ts";
import { type HealthReport, ProxyHealth } from "../serviceproxy/health.ts";
import { type Answer, parseBindAddress, servePages } from "../serviceproxy/http-server.ts";
import { createProxyMetrics } from "../serviceproxy/metrics.ts";
import type { IptablesConfig } from "../serviceproxy/modes/iptables/config.ts";
import { createIptablesMode } from "../serviceproxy/modes/iptables/mode.ts";
import type { Mode } from "../serviceproxy/modes/mode.ts";
import { cleanupNftables } from "../serviceproxy/modes/nftables/cleanup.ts";
import { nodePortAddresses } from "../serviceproxy/node-port-addresses.ts";
import { describeFlags, FlagError, includesLoopback, type ProxySettings, parseFlags } from "../serviceproxy/options.ts";
import { isServiceAddress, ServiceAddressError, type ServiceProxy, startServiceProxy } from "../serviceproxy/proxy.ts";
import { followServiceRanges, type ServiceRanges } from "../serviceproxy/service-ranges.ts";

const usage = `Usage: fairway proxy --kubeconfig FILE [FLAGS]

Serves the Services of a cluster on this node, as kube-proxy does, until it gets SIGTERM or SIGINT; the rules stay. Flags are kube-proxy's.

`;

/** See usage. Resolves to 0 after an orderly stop, 2 for bad flags, 1 when the proxy cannot do its work. */
export async function main(args: string[]): Promise<number> {
  let settings: ProxySettings;
  try {
    settings = parseFlags(args);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    process.stderr.write(`fairway proxy: ${error.message} (--help tells more)\n`);
    return 2;
  }
  if (settings.help) {
    process.stdout.write(usage + describeFlags());
    return 0;
  }
  const log = createLogger("proxy").child({ node: settings.nodeName });
  try {
    await (settings.cleanup ? cleanup(log) : run(settings, log));
    return 0;
  } catch (error) {
    process.stderr.write(`fairway proxy: ${(error as Error).message}\n`);
    return 1;
  }
}

/** The iptables of each family that this kernel and this machine have; IPv4 must be there. */
async function findFamilies(log: Logger): Promise<Iptables[]> {
  const six = async () => {
    await access("/proc/net/if_inet6");
    return findIptables(6);
  };
  const [four, other] = await Promise.allSettled([findIptables(4), six()]);
  if (four.status === "rejected") throw four.reason;
  if (other.status === "fulfilled") return [four.value, other.value];
  log.info({ reason: (other.reason as Error).message }, "IPv4 only");
  return [four.value];
}

async function cleanup(log: Logger): Promise<void> {
  await Promise.all([cleanupIptables(log), cleanupNftables({ own: true })]);
}

async function cleanupIptables(log: Logger): Promise<void> {
  for (const iptables of await findFamilies(log)) {
    const config = (): never => {
      throw new Error("a cleanup writes no rules");
    };
    await createIptablesMode(iptables, config).cleanup();
  }
}

/** What other modes than nftables left; a machine may lack iptables there. */
async function cleanupOthers(log: Logger): Promise<void> {
  await cleanupNftables({ own: false });
  await cleanupIptables(log);
}

/** The modes of all families, and what goes with them. */
interface OpenModes {
  modes: readonly Mode[];
  /** For the log. */
  tool: string;
  /** Whether somebody else's hand was on the rules; for a mode that can know. Cheap. */
  isDamaged?: () => boolean;
  close?: () => void;
  /** Removes what the other modes left behind. */
  cleanupOthers: () => Promise<void>;
}

async function openModes(
  settings: ProxySettings,
  log: Logger,
  proxy: () => ServiceProxy | undefined,
  ranges: () => ServiceRanges | undefined,
): Promise<OpenModes> {
  if (settings.mode === "nftables") {
    const { openNftables } = await import("../serviceproxy/modes/nftables/open.ts");
    const opened = await openNftables(settings, () => ({
      nodeAddresses: proxy()?.node().addresses ?? [],
      serviceCIDRs: ranges()?.cidrs() ?? [],
    }));
    return { ...opened, tool: opened.version, cleanupOthers: () => cleanupOthers(log) };
  }
  const found = await findFamilies(log);
  const kernel = await readKernel(settings, log);
  const modes = found.map((iptables): Mode => {
    const config = iptablesConfig(settings, iptables, kernel);
    return createIptablesMode(iptables, () => config(proxy()));
  });
  const tool = found.map(({ version: { text, backend } }) => `iptables ${text} (${backend})`).join(", ");
  return { modes, tool, cleanupOthers: () => cleanupNftables({ own: true }) };
}

/** Milliseconds between two looks at what others did to the rules, where a mode can tell. */
const lookInterval = 250;

async function run(settings: ProxySettings, log: Logger): Promise<void> {
  let proxy: ServiceProxy | undefined;
  let ranges: ServiceRanges | undefined;
  const [access, opened] = await Promise.all([
    settings.kubeconfig === "" ? inClusterAccess() : loadKubeconfig(settings.kubeconfig),
    openModes(
      settings,
      log,
      () => proxy,
      () => ranges,
    ),
  ]);
  const { modes } = opened;
  if (settings.master !== "") access.server = settings.master;
  const apiHost = new URL(access.server).hostname;
  if (isServiceAddress(apiHost)) throw new ServiceAddressError(apiHost);

  const metrics = new Metrics();
  const proxyMetrics = createProxyMetrics(metrics);
  const health = new ProxyHealth(
    modes.map(({ family }) => family),
    2 * settings.syncPeriod,
  );
  const transport = createHttpsTransport(access);
  const client = createClient(transport, { userAgent: "fairway-proxy" });
  const { nodeName, minSyncPeriod, syncPeriod } = settings;
  proxy = startServiceProxy({
    client,
    nodeName,
    modes,
    apiHost,
    minSyncPeriod,
    syncPeriod,
    health,
    metrics: proxyMetrics,
    log,
  });

  const json = ({ status, body }: HealthReport): Answer => ({
    status,
    type: "application/json",
    body: JSON.stringify(body),
  });
  const counted = (counter: { add(amount: number, labels: Labels): void }, report: HealthReport) => {
    counter.add(1, { code: String(report.status) });
    return json(report);
  };
  const healthPages = {
    "/healthz": () => counted(proxyMetrics.healthRequests, health.ready()),
    "/livez": () => counted(proxyMetrics.liveRequests, health.live()),
  };
  const metricsPages = {
    "/metrics": async () => ({ status: 200, ...(await metrics.render()) }),
    "/healthz": () => json(health.ready()),
    "/proxyMode": (): Answer => ({ status: 200, type: "text/plain; charset=utf-8", body: settings.mode }),
  };
  const servers = [
    { bind: settings.healthzBindAddress, pages: healthPages },
    { bind: settings.metricsBindAddress, pages: metricsPages },
  ].flatMap(({ bind, pages }) => (bind === "" ? [] : [servePages(parseBindAddress(bind)!, pages, log)]));

  log.info({ mode: settings.mode, tool: opened.tool, api: access.server }, "the proxy starts");
  // Only now everything that they did is done by this mode.
  proxy.synced.then(opened.cleanupOthers).catch((error: Error) => {
    log.warn({ err: error }, "rules of another mode may be left");
  });
  const { check } = proxy;
  if (settings.mode === "nftables")
    ranges = followServiceRanges({
      client,
      onChange: check,
      onError: (error) => log.warn({ error: error.message }, "cannot follow the ranges of Services"),
    });
  const looking = setInterval(() => {
    if (opened.isDamaged?.()) check();
  }, lookInterval);
  try {
    await Promise.race([proxy.failed, terminated()]);
  } finally {
    clearInterval(looking);
    ranges?.stop();
    for (const server of servers) server.close();
    await proxy.stop();
    opened.close?.();
    await client.close();
  }
}

function terminated(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
}

interface Kernel {
  localhostNodePorts: boolean;
  dropInvalid: boolean;
}

/** What the rules have to know of the kernel; lets packets from 127.0.0.1 out when node ports on localhost are wanted. */
async function readKernel(settings: ProxySettings, log: Logger): Promise<Kernel> {
  const liberal = await readSysctl("net/netfilter/nf_conntrack_tcp_be_liberal");
  let localhostNodePorts = settings.localhostNodePorts && includesLoopback(settings);
  if (localhostNodePorts)
    await writeSysctl("net/ipv4/conf/all/route_localnet", "1").catch((error: Error) => {
      log.warn({ err: error }, "node ports do not answer on localhost: the sysctl route_localnet cannot be set");
      localhostNodePorts = false;
    });
  return { localhostNodePorts, dropInvalid: liberal === undefined || liberal === "0" };
}

function iptablesConfig(settings: ProxySettings, { family, version }: Iptables, kernel: Kernel) {
  const fixed = {
    family,
    mark: 2 ** settings.masqueradeBit,
    masqueradeAll: settings.masqueradeAll,
    localTraffic: settings.localTraffic[family satisfies Family],
    localhostNodePorts: kernel.localhostNodePorts,
    randomFully: isVersionAtLeast(version.text, "1.6.2"),
    dropInvalid: kernel.dropInvalid,
  };
  return (proxy: ServiceProxy | undefined): IptablesConfig => ({
    ...fixed,
    nodePortAddresses: nodePortAddresses(settings.nodePortAddresses, family, proxy?.node().addresses ?? []),
  });
}
