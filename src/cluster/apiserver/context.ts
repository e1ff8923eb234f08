import type { Logger } from "../../role/log.ts";
import type { Store } from "../storage/store.ts";
import type { Answer } from "./answer.ts";
import type { Registry, ServedKind } from "./registry.ts";
import type { ResourceCall } from "./resource-call.ts";
import type { WatchHub } from "./watch-hub.ts";

/** What every handler of the API works with. */
export interface ApiContext {
  store: Store;
  registry: Registry;
  watches: WatchHub;
  /** Subresources besides /status and /scale, by "pods/binding". */
  subresources: Map<string, (call: ResourceCall) => Promise<Answer>>;
  /** Throws 404 or 403 unless new objects may come into the namespace. */
  admitNamespace(kind: ServedKind, name: string, namespace: string): void;
  /** Milliseconds since the epoch. */
  now(): number;
  log: Logger;
}

/** RFC 3339 with seconds, as Kubernetes writes metav1.Time. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}
