import type { Credential } from "./authority.ts";

export interface KubeconfigContent {
  /** Name of the cluster and of the context. */
  cluster: string;
  user: string;
  /** https://ADDRESS:PORT */
  server: string;
  /** PEM of the certificate authority. */
  authority: string;
  credential: Credential;
}

const base64 = (text: string) => Buffer.from(text, "utf8").toString("base64");

/** A kubeconfig that needs no other file. Every text is written as a JSON string, which YAML reads as the same text. */
export function kubeconfigYaml({ cluster, user, server, authority, credential }: KubeconfigContent): string {
  const text = JSON.stringify;
  return `apiVersion: v1
kind: Config
clusters:
- name: ${text(cluster)}
  cluster:
    server: ${text(server)}
    certificate-authority-data: ${base64(authority)}
users:
- name: ${text(user)}
  user:
    client-certificate-data: ${base64(credential.certificate)}
    client-key-data: ${base64(credential.key)}
contexts:
- name: ${text(cluster)}
  context:
    cluster: ${text(cluster)}
    user: ${text(user)}
current-context: ${text(cluster)}
`;
}
