import type { KubernetesClient } from "../../../kubernetes/client.ts";
import type { EventRecorder } from "../../../kubernetes/events.ts";
import type { Logger } from "../../../role/log.ts";
import type { ClusterConfig } from "../../config.ts";
import type { Caches } from "./caches.ts";

/** What every controller gets. The caches are synced before a controller starts, and shared; client, events and log are its own. */
export interface ControllerContext {
  client: KubernetesClient;
  events: EventRecorder;
  caches: Caches;
  config: ClusterConfig;
  log: Logger;
}

export interface Controller {
  /** Resolves when no write is under way any more. */
  stop(): Promise<void>;
}

export type StartController = (context: ControllerContext) => Controller;
