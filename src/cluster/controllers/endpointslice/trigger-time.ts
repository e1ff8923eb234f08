import type { Pod, Service } from "../../../kubernetes/types.ts";
import { podCondition } from "../shared/pod-state.ts";

/** On slices and Endpoints: when the change happened that they were written for (RFC 3339). Proxies measure their delay from it. */
export const triggerTimeAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";

/**
 * Remembers per Service the times that its Pods' readiness and its own creation carry, and tells the earliest that is new: the oldest
 * change that the next write brings to the proxies.
 */
export class TriggerTimes {
  readonly #known = new Map<string, { service: string; pods: Map<string, string> }>();

  /** The time for the annotation; undefined when nothing that carries a time has changed. */
  update(key: string, service: Service, pods: Iterable<Pod>): string | undefined {
    const before = this.#known.get(key);
    const created = service.metadata?.creationTimestamp ?? "";
    const next = { service: created, pods: new Map<string, string>() };
    const changed: string[] = before?.service === created || created === "" ? [] : [created];
    for (const pod of pods) {
      const name = pod.metadata?.name ?? "";
      const time = podCondition(pod, "Ready")?.lastTransitionTime;
      if (time === undefined) continue;
      next.pods.set(name, time);
      const known = before?.pods.get(name);
      // After a start everything is new and nothing has changed: only the Service's own time counts then.
      if (before !== undefined && known !== time && (known === undefined || known < time)) changed.push(time);
    }
    this.#known.set(key, next);
    return changed.sort()[0];
  }

  forget(key: string): void {
    this.#known.delete(key);
  }
}
