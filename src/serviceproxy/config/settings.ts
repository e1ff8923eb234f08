import { hostname } from "node:os";
import type { CommandLine } from "./command-line.ts";
import { isProxyMode, type ProxyMode } from "./modes.ts";
import type { KubeProxyConfiguration } from "./schema.ts";

/** Off, externalIPs of Services get no rules: whoever may write a Service could take any address (KEP-5707). On by default in 1.36. */
export const externalIPsGate = "AllowServiceExternalIPs";

/** What the proxy runs with: the configuration, and of it what the chosen mode uses. Durations in milliseconds. */
export interface ProxySettings {
  configuration: KubeProxyConfiguration;
  /** "": the Pod's own ServiceAccount. */
  kubeconfig: string;
  /** Overrides the kubeconfig's server. */
  master: string;
  nodeName: string;
  mode: ProxyMode;
  masqueradeAll: boolean;
  masqueradeBit: number;
  syncPeriod: number;
  minSyncPeriod: number;
  /** Prefixes; empty: all addresses. The one word "primary": the Node object's. */
  nodePortAddresses: string[];
  externalIPs: boolean;
}

/** `configuration` must be valid. */
export function settingsOf(
  configuration: KubeProxyConfiguration,
  { master, hostnameOverride }: Pick<CommandLine, "master" | "hostnameOverride">,
): ProxySettings {
  const { iptables, nftables, ipvs, clientConnection, nodePortAddresses } = configuration;
  const mode = isProxyMode(configuration.mode) ? configuration.mode : "iptables";
  const periods = { iptables, nftables, ipvs, userspace: iptables };
  const marks = { iptables, nftables, ipvs: iptables, userspace: iptables };
  const { syncPeriod, minSyncPeriod } = periods[mode];
  const { masqueradeAll, masqueradeBit } = marks[mode];
  return {
    configuration,
    kubeconfig: clientConnection.kubeconfig,
    master,
    nodeName: (hostnameOverride.trim() || configuration.hostnameOverride.trim() || hostname()).toLowerCase(),
    mode,
    masqueradeAll,
    masqueradeBit,
    syncPeriod,
    minSyncPeriod,
    // As kube-proxy: this mode alone opens node ports on the primary address only, unless it is told otherwise.
    nodePortAddresses: mode === "nftables" && nodePortAddresses.length === 0 ? ["primary"] : nodePortAddresses,
    externalIPs: configuration.featureGates[externalIPsGate] ?? true,
  };
}
