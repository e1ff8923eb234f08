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

/** A kubeconfig that needs no other file. JSON, which is YAML too: parts that read it need not load a YAML parser. */
export function kubeconfigText({ cluster, user, server, authority, credential }: KubeconfigContent): string {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: cluster, cluster: { server, "certificate-authority-data": base64(authority) } }],
    users: [
      {
        name: user,
        user: {
          "client-certificate-data": base64(credential.certificate),
          "client-key-data": base64(credential.key),
        },
      },
    ],
    contexts: [{ name: cluster, context: { cluster, user } }],
    "current-context": cluster,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
