/** The files of /etc that every container of a Pod sees. Pure. */
import type { Pod } from "../../kubernetes/types.ts";
import type { ClusterConfig } from "../config.ts";

export interface EtcInputs {
  pod: Pod;
  config: Pick<ClusterConfig, "clusterDomain" | "dnsAddress">;
  /** One of each family. */
  podIPs: readonly string[];
  /** The node's own resolv.conf and hosts file. */
  node: { resolvConf: string; hosts: string };
}

export interface EtcFiles {
  hosts: string;
  hostname: string;
  "resolv.conf": string;
}

export function etcFiles(inputs: EtcInputs): EtcFiles {
  const hostname = hostnameOf(inputs.pod);
  return { hosts: hostsFile(inputs, hostname), hostname: `${hostname}\n`, "resolv.conf": resolvConf(inputs) };
}

/** A host name has at most 63 characters; a longer Pod name is cut as kubelet cuts it. */
export function hostnameOf(pod: Pod): string {
  const name = pod.spec?.hostname || pod.metadata?.name || "localhost";
  return name.slice(0, 63).replace(/[-.]+$/, "");
}

function hostsFile({ pod, config, podIPs, node }: EtcInputs, hostname: string): string {
  const aliases = (pod.spec?.hostAliases ?? []).map(({ ip, hostnames }) => `${ip}\t${(hostnames ?? []).join("\t")}`);
  const added = aliases.length > 0 ? `\n# Entries added by HostAliases.\n${aliases.join("\n")}\n` : "";
  if (pod.spec?.hostNetwork) return `${node.hosts}${added}`;
  const { subdomain } = pod.spec ?? {};
  const qualified = subdomain
    ? `${hostname}.${subdomain}.${pod.metadata?.namespace}.svc.${config.clusterDomain}\t`
    : "";
  const own = podIPs.map((address) => `${address}\t${qualified}${hostname}\n`).join("");
  return `# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n${own}${added}`;
}

/** dnsPolicy and dnsConfig of core/v1 PodSpec: lists are appended, options of one name replaced. */
function resolvConf({ pod, config, node }: EtcInputs): string {
  const { dnsPolicy = "ClusterFirst", dnsConfig, hostNetwork } = pod.spec ?? {};
  const cluster = dnsPolicy === "ClusterFirstWithHostNet" || (dnsPolicy === "ClusterFirst" && !hostNetwork);
  const base = cluster
    ? clusterResolver(config, pod.metadata?.namespace ?? "default")
    : dnsPolicy === "None"
      ? { nameservers: [], searches: [], options: new Map<string, string | undefined>() }
      : parseResolvConf(node.resolvConf);
  const nameservers = unique([...base.nameservers, ...(dnsConfig?.nameservers ?? [])]);
  const searches = unique([...base.searches, ...(dnsConfig?.searches ?? [])]);
  for (const { name, value } of dnsConfig?.options ?? []) if (name) base.options.set(name, value);
  const options = [...base.options].map(([name, value]) => (value === undefined ? name : `${name}:${value}`));
  return [
    ...(searches.length > 0 ? [`search ${searches.join(" ")}`] : []),
    ...nameservers.map((address) => `nameserver ${address}`),
    ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
    "",
  ].join("\n");
}

interface Resolver {
  nameservers: string[];
  searches: string[];
  options: Map<string, string | undefined>;
}

function clusterResolver({ clusterDomain, dnsAddress }: EtcInputs["config"], namespace: string): Resolver {
  return {
    nameservers: [dnsAddress],
    searches: [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain],
    options: new Map([["ndots", "5"]]),
  };
}

function parseResolvConf(text: string): Resolver {
  const resolver: Resolver = { nameservers: [], searches: [], options: new Map() };
  for (const line of text.split("\n")) {
    const [keyword, ...words] = line
      .replace(/[#;].*/, "")
      .trim()
      .split(/\s+/);
    if (keyword === "nameserver" && words[0]) resolver.nameservers.push(words[0]);
    if (keyword === "search") resolver.searches = words;
    if (keyword === "options")
      for (const word of words) {
        const [name = "", value] = word.split(":");
        resolver.options.set(name, value);
      }
  }
  return resolver;
}

function unique(list: string[]): string[] {
  return [...new Set(list)];
}
