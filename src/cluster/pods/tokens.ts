import type { KubernetesClient } from "../../kubernetes/client.ts";
import { serviceAccounts } from "../../kubernetes/resource.ts";
import type { KubernetesObject, Pod } from "../../kubernetes/types.ts";
import type { TokenSource } from "./projection.ts";

interface TokenRequest extends KubernetesObject {
  spec: {
    audiences: string[];
    expirationSeconds: number;
    boundObjectRef: { apiVersion: "v1"; kind: "Pod"; name: string; uid: string };
  };
  status?: { token: string; expirationTimestamp: string };
}

interface Known {
  token: string;
  renewAt: number;
}

const defaultLifetime = 3600;
/** Kubelet renews at 80 % of a token's life, and at the latest after a day. */
const renewShare = 0.8;
const oldest = 24 * 3600 * 1000;

/** ServiceAccount tokens bound to Pods, asked for by TokenRequest and renewed before they expire. */
export class ServiceAccountTokens {
  readonly #client: KubernetesClient;
  readonly #tokens = new Map<string, Map<string, Known>>();

  constructor(client: KubernetesClient) {
    this.#client = client;
  }

  async get(pod: Pod, source: TokenSource): Promise<string> {
    const { uid = "", name = "", namespace } = pod.metadata ?? {};
    const known = this.#tokens.get(uid) ?? new Map<string, Known>();
    this.#tokens.set(uid, known);
    const key = `${source.audience ?? ""}/${source.expirationSeconds ?? ""}`;
    const held = known.get(key);
    const now = Date.now();
    if (held !== undefined && held.renewAt > now) return held.token;
    const request: TokenRequest = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: {
        audiences: source.audience ? [source.audience] : [],
        expirationSeconds: source.expirationSeconds ?? defaultLifetime,
        boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
      },
    };
    const account = pod.spec?.serviceAccountName || "default";
    try {
      const { status } = await this.#client.create(serviceAccounts, request, {
        namespace,
        name: account,
        subresource: "token",
      });
      if (status === undefined) throw new Error(`the API gave no token for serviceaccount ${namespace}/${account}`);
      const lifetime = Date.parse(status.expirationTimestamp) - now;
      known.set(key, { token: status.token, renewAt: now + Math.min(lifetime * renewShare, oldest) });
      return status.token;
    } catch (error) {
      // An old token is worth more than none while the API is away.
      if (held !== undefined) return held.token;
      throw error;
    }
  }

  forget(uid: string): void {
    this.#tokens.delete(uid);
  }
}
