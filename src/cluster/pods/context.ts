import type { KubernetesClient } from "../../kubernetes/client.ts";
import type { EventRecorder } from "../../kubernetes/events.ts";
import type { Node, Service } from "../../kubernetes/types.ts";
import type { Logger } from "../../role/log.ts";
import type { ClusterConfig } from "../config.ts";
import type { ContainerLogs } from "./container-logs.ts";
import type { DemoClient } from "./demo-client.ts";
import type { ImageTable } from "./images.ts";
import type { PodNetworks } from "./networks.ts";
import type { ObjectSource } from "./object-source.ts";
import type { ContainerRuntime } from "./runtime.ts";
import type { StatusWriter } from "./status-writer.ts";
import type { PodVolumes } from "./volumes.ts";

/** What everything that runs Pods on one node shares. */
export interface NodeContext {
  config: ClusterConfig;
  nodeName: string;
  /** The node's InternalIPs, one of each family, the primary one first. */
  nodeIPs: readonly [string, ...string[]];
  log: Logger;
  client: KubernetesClient;
  events: EventRecorder;
  runtime: ContainerRuntime;
  logs: ContainerLogs;
  networks: PodNetworks;
  demo: DemoClient;
  statuses: StatusWriter;
  volumes: PodVolumes;
  objects: ObjectSource;
  /** Read again when it changes: an image may be added while a Pod waits for it. */
  images: () => Promise<ImageTable>;
  services: () => Service[];
  node: () => Pick<Node, "status">;
}
