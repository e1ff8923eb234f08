import type { ConfigMap, Secret } from "../../kubernetes/types.ts";

/** ConfigMaps and Secrets that Pods of this node refer to. Undefined: there is none; rejects when the API does not answer. */
export interface ObjectSource {
  configMap: (namespace: string, name: string) => Promise<ConfigMap | undefined>;
  secret: (namespace: string, name: string) => Promise<Secret | undefined>;
}
