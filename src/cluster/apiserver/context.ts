import type { Logger } from "../../role/log.ts";
import type { Store } from "../storage/store.ts";
import type { Answer, Incoming, User } from "./answer.ts";
import type { Registry, ServedKind } from "./registry.ts";
import type { RequestInfo, ResourceRequest } from "./request-info.ts";
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

/** What the answer to one request for stored objects is made from. */
export interface ResourceCall {
  context: ApiContext;
  kind: ServedKind;
  info: RequestInfo & { resource: ResourceRequest };
  user: User;
  incoming: Incoming;
}

/** RFC 3339 with seconds, as Kubernetes writes metav1.Time. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}
