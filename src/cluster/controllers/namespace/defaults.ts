import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Reflector } from "../../../kubernetes/reflector.ts";
import { configMaps, serviceAccounts } from "../../../kubernetes/resource.ts";
import type { ConfigMap, KubernetesObject, Namespace } from "../../../kubernetes/types.ts";
import { worldPaths } from "../../config.ts";
import type { Controller, ControllerContext, StartController } from "../shared/context.ts";
import { ensureCreated } from "../shared/ensure.ts";
import { unlessGone } from "../shared/gone.ts";
import { isDeleting, keyOf, splitKey } from "../shared/keys.ts";
import { WorkQueue } from "../shared/work-queue.ts";

const accountName = "default";
const rootCaName = "kube-root-ca.crt";

/** The ServiceAccount `default` in each namespace: what Pods run as that name no other. */
export const startServiceAccountController: StartController = (context) => {
  const { client, caches } = context;
  return onePerNamespace(context, caches.serviceAccounts as Reflector<KubernetesObject>, accountName, (namespace) => {
    if (caches.serviceAccounts.get(accountName, namespace) !== undefined) return Promise.resolve();
    const metadata = { name: accountName, namespace };
    return ensureCreated(client, serviceAccounts, { apiVersion: "v1", kind: "ServiceAccount", metadata });
  });
};

/** The ConfigMap kube-root-ca.crt in each namespace: how a Pod knows the API server. Changed by hand, it is put right. */
export const startRootCaController: StartController = (context) => {
  const { client, caches, config } = context;
  const reading = { certificate: undefined as Promise<string> | undefined };
  return onePerNamespace(context, caches.configMaps as Reflector<KubernetesObject>, rootCaName, async (namespace) => {
    reading.certificate ??= readFile(join(worldPaths(config).pki, "ca.crt"), "utf8");
    const certificate = await reading.certificate.catch((error: Error) => {
      // Not there yet, perhaps: the next try reads again.
      reading.certificate = undefined;
      throw error;
    });
    const data = { "ca.crt": certificate };
    const existing = caches.configMaps.get(rootCaName, namespace);
    if (existing === undefined) {
      const configMap: ConfigMap = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: {
          name: rootCaName,
          namespace,
          annotations: {
            "kubernetes.io/description":
              "The certificate of the cluster's authority: with it a client in a Pod can tell that it speaks to this cluster's API server.",
          },
        },
        data,
      };
      await ensureCreated(client, configMaps, configMap);
    } else if (existing.data?.["ca.crt"] !== certificate || Object.keys(existing.data ?? {}).length !== 1) {
      const patch = [{ op: "add", path: "/data", value: data }];
      await unlessGone(client.patch(configMaps, rootCaName, patch, { namespace, type: "json" }));
    }
  });
};

/** Runs `ensure` for each active namespace, and again when the object of that name in it changes or goes. */
function onePerNamespace(
  { caches, log }: ControllerContext,
  cache: Reflector<KubernetesObject>,
  name: string,
  ensure: (namespace: string) => Promise<void>,
): Controller {
  const queue = new WorkQueue({
    log,
    async sync(key): Promise<undefined> {
      const namespace: Namespace | undefined = caches.namespaces.get(splitKey(key).name);
      if (namespace !== undefined && !isDeleting(namespace)) await ensure(splitKey(key).name);
    },
  });
  const unsubscribe = [
    caches.namespaces.subscribe(({ object }) => queue.add(keyOf(object))),
    cache.subscribe(({ type, object }) => {
      if (type !== "added" && object.metadata?.name === name) queue.add(`/${object.metadata.namespace}`);
    }),
  ];
  return {
    stop() {
      for (const end of unsubscribe) end();
      return queue.stop();
    },
  };
}
