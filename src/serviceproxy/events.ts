import type { EventRecorder } from "../kubernetes/events.ts";
import { endpointSlices, nodes, type Resource, services } from "../kubernetes/resource.ts";
import type { KubernetesObject } from "../kubernetes/types.ts";
import type { Problem } from "./compile/problems.ts";
import type { ServiceName } from "./health-checks.ts";

/** Events go where the object is, or was last seen: without its uid, `kubectl describe` does not find them. */
export type FindObject = (resource: Resource, name: string, namespace: string) => KubernetesObject | undefined;

/** What the proxy tells people, in kube-proxy's words where it has any. */
export class ProxyEvents {
  readonly #recorder: EventRecorder;
  readonly #node: KubernetesObject;

  /** The Node goes by its name in place of a uid, as kubelet's and kube-proxy's events do. */
  constructor(recorder: EventRecorder, nodeName: string) {
    this.#recorder = recorder;
    this.#node = { metadata: { name: nodeName, uid: nodeName } };
  }

  starting(): void {
    this.#recorder.record(nodes, this.#node, "Normal", "Starting", "");
  }

  /** A server of the proxy's own that cannot listen. */
  serverFailed(server: "healthz" | "metrics", error: Error): void {
    const reason = server === "healthz" ? "FailedToStartProxierHealthcheck" : "FailedToStartMetricServer";
    this.#recorder.record(nodes, this.#node, "Warning", reason, `starting ${server} server failed: ${error.message}`);
  }

  healthCheckFailed({ namespace, name }: ServiceName, port: number, error: Error, find: FindObject): void {
    const object = find(services, name, namespace) ?? { metadata: { namespace, name } };
    const node = this.#node.metadata?.name;
    const message = `node ${node} failed to start healthcheck "${namespace}/${name}" on port ${port}: ${error.message}`;
    this.#recorder.record(services, object, "Warning", "FailedToStartServiceHealthcheck", message);
  }

  /** A part of an object that makes no sense and was left out. */
  skipped({ object, field, problem }: Problem, find: FindObject): void {
    const [kind, key = ""] = object.split(" ");
    const [namespace = "", name = ""] = key.split("/");
    const resource = kind === services.kind ? services : endpointSlices;
    const found = find(resource, name, namespace) ?? { metadata: { namespace, name } };
    this.#recorder.record(resource, found, "Warning", "SkippedInvalidField", `${field}: ${problem}`);
  }
}
