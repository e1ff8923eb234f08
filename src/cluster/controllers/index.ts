import type { KubernetesClient } from "../../kubernetes/client.ts";
import { createEventRecorder } from "../../kubernetes/events.ts";
import type { Logger } from "../../role/log.ts";
import type { ClusterConfig } from "../config.ts";
import { startDaemonSetController } from "./daemonset/controller.ts";
import { startDeploymentController } from "./deployment/controller.ts";
import { startDnsController } from "./dns/controller.ts";
import { startEndpointsController } from "./endpoints/controller.ts";
import { startEndpointSliceController } from "./endpointslice/controller.ts";
import { startGarbageCollector } from "./garbagecollector/controller.ts";
import { startNamespaceController } from "./namespace/controller.ts";
import { startRootCaController, startServiceAccountController } from "./namespace/defaults.ts";
import { startNodeIpamController } from "./nodeipam/controller.ts";
import { startNodeLifecycleController } from "./nodelifecycle/controller.ts";
import { startPodGarbageCollector } from "./podgc/controller.ts";
import { startReplicaSetController } from "./replicaset/controller.ts";
import { startScheduler } from "./scheduler/controller.ts";
import { startCaches } from "./shared/caches.ts";
import type { Controller, StartController } from "./shared/context.ts";

/** In the order in which they start; none waits for another. Keys as in permissions.ts. */
const controllers: Record<string, StartController> = {
  "node-ipam": startNodeIpamController,
  dns: startDnsController,
  serviceaccount: startServiceAccountController,
  "root-ca": startRootCaController,
  deployment: startDeploymentController,
  replicaset: startReplicaSetController,
  scheduler: startScheduler,
  daemonset: startDaemonSetController,
  endpointslice: startEndpointSliceController,
  endpoints: startEndpointsController,
  "node-lifecycle": startNodeLifecycleController,
  namespace: startNamespaceController,
  "garbage-collector": startGarbageCollector,
  "pod-gc": startPodGarbageCollector,
};

export interface ControllersOptions {
  /** A client with the identity system:serviceaccount:kube-system:NAME-controller and the rights of permissions.ts. */
  clientFor: (controllerName: string) => KubernetesClient;
  config: ClusterConfig;
  log: Logger;
}

/** Starts all controllers as soon as the shared caches hold the state of the cluster. Never rejects; trouble is logged and tried again. */
export function startControllers({ clientFor, config, log }: ControllersOptions): { stop(): Promise<void> } {
  const caches = startCaches(clientFor("shared-cache"), log.child({ controller: "shared-cache" }));
  const running: (() => Promise<void>)[] = [];
  let stopped = false;
  const begin = (name: string, start: StartController) => {
    const ownLog = log.child({ controller: name });
    const client = clientFor(name);
    const component = name === "scheduler" ? "default-scheduler" : `${name}-controller`;
    const onError = (error: Error) => ownLog.debug(`event not written: ${error.message}`);
    const events = createEventRecorder({ client, component, onError });
    const controller: Controller = start({ client, events, caches, config, log: ownLog });
    running.push(async () => {
      await controller.stop();
      await events.close();
    });
  };
  const started = caches.synced.then(() => {
    if (stopped) return;
    for (const [name, start] of Object.entries(controllers)) begin(name, start);
    log.info({ controllers: Object.keys(controllers).length }, "controllers run");
  });
  started.catch((error: Error) => log.error(`controllers did not start: ${error.message}`));
  return {
    async stop() {
      stopped = true;
      await Promise.all(running.map((stop) => stop()));
      caches.stop();
    },
  };
}
