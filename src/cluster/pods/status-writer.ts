import { isDeepStrictEqual } from "node:util";
import type { KubernetesClient } from "../../kubernetes/client.ts";
import { isConflict, isNotFound } from "../../kubernetes/errors.ts";
import { pods } from "../../kubernetes/resource.ts";
import type { Pod } from "../../kubernetes/types.ts";
import type { PodStatus } from "./status.ts";

const concurrency = 16;
const firstRetry = 200;
const longestRetry = 10_000;

interface Entry {
  pod: Pod;
  status: PodStatus;
  /** What the API has, as far as this node knows. */
  written?: PodStatus;
  queued: boolean;
  /** One write of a Pod at a time: of two on their way, on connections of their own, the older may come last. */
  writing: boolean;
  retryDelay: number;
}

/** Writes Pod statuses: only what changed, the newest only, a few at a time, and again until it succeeds. */
export class StatusWriter {
  readonly #client: KubernetesClient;
  readonly #onError: (error: Error, pod: Pod) => void;
  readonly #entries = new Map<string, Entry>();
  #queue: string[] = [];
  #writing = 0;

  constructor(client: KubernetesClient, onError: (error: Error, pod: Pod) => void) {
    this.#client = client;
    this.#onError = onError;
  }

  /** `pod` is the Pod as last read: what its status says already is not written again. */
  set(pod: Pod, status: PodStatus): void {
    const uid = pod.metadata?.uid ?? "";
    const entry = this.#entries.get(uid) ?? { pod, status, queued: false, writing: false, retryDelay: firstRetry };
    this.#entries.set(uid, entry);
    entry.pod = pod;
    entry.status = status;
    entry.written ??= pod.status;
    if (differs(status, entry.written)) this.#enqueue(uid, entry);
  }

  /** The API has another status than was written: somebody changed it, so it is asserted again. */
  observed(pod: Pod): void {
    const entry = this.#entries.get(pod.metadata?.uid ?? "");
    if (entry !== undefined && pod.status !== undefined) entry.written = pod.status;
  }

  forget(uid: string): void {
    this.#entries.delete(uid);
  }

  #enqueue(uid: string, entry: Entry): void {
    if (entry.queued || entry.writing) return;
    entry.queued = true;
    this.#queue.push(uid);
    this.#next();
  }

  #next(): void {
    while (this.#writing < concurrency) {
      const uid = this.#queue.shift();
      if (uid === undefined) return;
      const entry = this.#entries.get(uid);
      if (entry === undefined) continue;
      this.#writing += 1;
      void this.#write(uid, entry).finally(() => {
        this.#writing -= 1;
        this.#next();
      });
    }
  }

  async #write(uid: string, entry: Entry): Promise<void> {
    entry.queued = false;
    entry.writing = true;
    const { pod, status } = entry;
    const { name = "", namespace } = pod.metadata ?? {};
    // null removes what an earlier status said and this one does not.
    const absent = Object.keys(entry.written ?? {}).filter((key) => !(key in status) && ownFields.has(key));
    const patch = { metadata: { uid }, status: { ...Object.fromEntries(absent.map((key) => [key, null])), ...status } };
    try {
      await this.#client.patch(pods, name, patch, { namespace, subresource: "status", type: "merge" });
      entry.writing = false;
      entry.written = status;
      entry.retryDelay = firstRetry;
      if (differs(entry.status, status)) this.#enqueue(uid, entry);
    } catch (error) {
      entry.writing = false;
      // The Pod is gone, or another one has its name: whoever watches will hear of it.
      if (isNotFound(error) || isConflict(error) || this.#entries.get(uid) !== entry) return;
      this.#onError(error as Error, pod);
      setTimeout(() => {
        if (this.#entries.get(uid) === entry) this.#enqueue(uid, entry);
      }, entry.retryDelay).unref();
      entry.retryDelay = Math.min(entry.retryDelay * 2, longestRetry);
    }
  }
}

/** What the node agent decides; other fields of a Pod's status are somebody else's. */
const ownFields = new Set(["reason", "message", "podIP", "podIPs", "initContainerStatuses"]);

function differs(status: PodStatus, written: PodStatus | undefined): boolean {
  if (written === undefined) return true;
  const known = written as Record<string, unknown>;
  return (
    Object.entries(status).some(([key, value]) => !isDeepStrictEqual(plain(value), plain(known[key]))) ||
    [...ownFields].some((key) => key in known && !(key in status))
  );
}

/** As it would come back from the API. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
