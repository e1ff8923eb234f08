/** Which certificates and kubeconfigs a cluster has, who they speak for, and where they lie. */
import { join } from "node:path";
import { formatIPv4, parsePrefix } from "../../ip/ipv4.ts";
import { type ClusterConfig, hostPaths, worldPaths } from "../config.ts";
import { Authority, type CertificateRequest, type Credential, ensureSigningKey } from "./authority.ts";
import { writeFileAtomically } from "./files.ts";
import { kubeconfigText } from "./kubeconfig.ts";

type PkiConfig = Pick<ClusterConfig, "name" | "apiAddress" | "apiPort" | "clusterDomain" | "dataDir" | "serviceCIDR">;

/** The API server is known by the names that Pods call it, by the node network's and by loopback. */
export function apiServerRequest(config: PkiConfig): CertificateRequest {
  // The `kubernetes` Service has the first address of its range.
  const kubernetesAddress = formatIPv4(parsePrefix(config.serviceCIDR)!.base + 1);
  const service = "kubernetes.default.svc";
  return {
    subject: { commonName: "kube-apiserver" },
    server: true,
    dnsNames: ["kubernetes", "kubernetes.default", service, `${service}.${config.clusterDomain}`, "localhost"],
    addresses: [config.apiAddress, kubernetesAddress, "127.0.0.1"],
  };
}

/** With which the API server calls node agents (logs, exec). They know it by its name; in the API it may do nothing, so no group. */
const kubeletClientRequest: CertificateRequest = {
  subject: { commonName: "kube-apiserver-kubelet-client" },
  client: true,
};
const adminRequest: CertificateRequest = {
  subject: { commonName: "kubernetes-admin", organizations: ["system:masters"] },
  client: true,
};
const proxyRequest: CertificateRequest = { subject: { commonName: "system:kube-proxy" }, client: true };

/** One certificate for the agent's own server and for its way to the API, where the node authorizer knows it by name and group. */
function nodeRequest(node: string, address: string): CertificateRequest {
  return {
    subject: { commonName: `system:node:${node}`, organizations: ["system:nodes"] },
    server: true,
    client: true,
    dnsNames: [node],
    addresses: [address],
  };
}

/** Makes what is missing of the cluster's own files and the administrator's kubeconfig. */
export async function ensureClusterPki(config: PkiConfig): Promise<Authority> {
  const { pki } = worldPaths(config);
  const authority = await Authority.load(pki);
  const admin = authority.issue(adminRequest);
  await Promise.all([
    ensureSigningKey(join(pki, "service-accounts.key"), join(pki, "service-accounts.pub")),
    authority.ensure(pki, "apiserver", apiServerRequest(config)),
    authority.ensure(pki, "kubelet-client", kubeletClientRequest),
    writeFileAtomically(
      hostPaths(config.name).kubeconfig,
      kubeconfig(config, authority, `${config.name}-admin`, `fairway-${config.name}`, admin),
    ),
  ]);
  return authority;
}

/** Makes the files of one node: its certificate and the kubeconfigs of its agent and proxy. */
export async function ensureNodePki(
  config: PkiConfig,
  authority: Authority,
  node: string,
  address: string,
): Promise<void> {
  const paths = worldPaths(config);
  const credential = await authority.ensure(paths.node(node), "node", nodeRequest(node, address));
  const proxy = authority.issue(proxyRequest);
  await Promise.all([
    writeFileAtomically(
      paths.agentKubeconfig(node),
      kubeconfig(config, authority, `system:node:${node}`, config.name, credential),
    ),
    writeFileAtomically(
      paths.proxyKubeconfig(node),
      kubeconfig(config, authority, "system:kube-proxy", config.name, proxy),
    ),
  ]);
}

function kubeconfig(config: PkiConfig, authority: Authority, user: string, cluster: string, credential: Credential) {
  const server = `https://${config.apiAddress}:${config.apiPort}`;
  return kubeconfigText({ cluster, user, server, authority: authority.certificate, credential });
}
