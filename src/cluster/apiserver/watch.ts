import type { Entry, StoreEvent } from "../storage/entry.ts";
import { CompactedError } from "../storage/history.ts";
import type { Answer } from "./answer.ts";
import type { ApiContext } from "./context.ts";
import type { KindDescriptor } from "./kinds/descriptor.ts";
import { negotiate, type Representation } from "./negotiation.ts";
import { checkNotInFuture, parseResourceVersion, readSelection, type Selection } from "./read.ts";
import type { ServedKind } from "./registry.ts";
import { encodeEntry, mediaType } from "./represent.ts";
import { isTrue, type RequestInfo, type ResourceRequest } from "./request-info.ts";
import { badRequest, expired, invalid } from "./status.ts";
import { WatchStream } from "./watch-stream.ts";

/** Bytes of changes that may wait for one client. */
const maxQueued = 8 << 20;
/** How long a client may leave what it was sent unread. Milliseconds. */
const readTimeout = 60_000;

/**
 * GET with watch=true. The first events are decided in the same turn in which the stream starts to listen, so none is lost or doubled; they are
 * written as the client reads them.
 */
export function watchObjects(
  context: ApiContext,
  kind: ServedKind,
  request: ResourceRequest,
  info: RequestInfo,
  accept: string | undefined,
  signal: AbortSignal,
): Answer {
  const { query } = info;
  context.watches.checkRoom();
  const representation = negotiate(accept, query);
  const selection = readSelection(kind, request, query);
  const start = readStart(context, query);
  const bookmarks = isTrue(query.get("allowWatchBookmarks"));
  const encoder = new EventEncoder(context, kind.descriptor, representation);
  const first = start.state ? stateOf(kind, selection) : changesSince(kind, start.revision, selection);
  const end = start.announceEnd ? encoder.bookmark(context.store.revision, true) : undefined;
  const stream = new WatchStream({
    first: encoder.encodeFirst(first, end),
    maxQueued,
    budget: context.watches.budget,
    makeBookmark: bookmarks ? () => encoder.bookmark(context.store.revision) : undefined,
  });
  stream.onEnd(
    kind.collection.subscribe((event) => {
      const seen = select(event, selection);
      if (seen !== undefined) stream.write(encoder.encodeShared(seen));
    }),
  );
  context.watches.add(stream);
  endLater(stream, parseTimeout(query.get("timeoutSeconds")), signal);
  const type = mediaType(representation).replace("application/json", "application/json;stream=watch");
  return {
    status: 200,
    headers: { "content-type": representation.as === "object" ? "application/json" : type },
    body: stream,
    readTimeout,
  };
}

/** What a client is told of one object. */
interface Seen {
  type: StoreEvent["type"];
  entry: Entry;
}

interface Start {
  /** Begin with the current state as ADDED events. */
  state: boolean;
  /** Send the bookmark that tells the end of the state. */
  announceEnd: boolean;
  /** Otherwise: begin behind this revision. */
  revision: number;
}

/** What resourceVersion, sendInitialEvents and resourceVersionMatch ask for together (KEP-3157). */
function readStart(context: ApiContext, query: URLSearchParams): Start {
  const revision = parseResourceVersion(query.get("resourceVersion"));
  checkNotInFuture(context, revision);
  const wantsState = query.get("sendInitialEvents");
  const match = query.get("resourceVersionMatch") ?? "";
  if (wantsState === null) {
    if (match !== "") {
      throw listOptionsInvalid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    }
    return { state: revision === undefined || revision === 0, announceEnd: false, revision: revision ?? 0 };
  }
  if (match !== "NotOlderThan") {
    throw listOptionsInvalid(
      match === ""
        ? "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        : `resourceVersionMatch must be NotOlderThan when sendInitialEvents is set`,
    );
  }
  if (isTrue(wantsState)) {
    return { state: true, announceEnd: isTrue(query.get("allowWatchBookmarks")), revision: 0 };
  }
  return { state: false, announceEnd: false, revision: revision || context.store.revision };
}

function listOptionsInvalid(message: string) {
  const resource = { group: "meta.k8s.io", kind: "ListOptions" };
  return invalid(resource, "", [
    { reason: "FieldValueForbidden", field: "resourceVersionMatch", message: `Forbidden: ${message}` },
  ]);
}

/** What a watch begins with. Nothing is kept of an object but the reference: many watches may wait with it. */
interface First {
  count: number;
  seen: Iterable<Seen>;
}

function stateOf(kind: ServedKind, { prefix, matches }: Selection): First {
  const entries = kind.collection.list(prefix).filter(({ object }) => matches?.(object) !== false);
  const seen = (function* added() {
    for (const entry of entries) yield { type: "ADDED" as const, entry };
  })();
  return { count: entries.length, seen };
}

function changesSince(kind: ServedKind, revision: number, selection: Selection): First {
  try {
    const changes = [...kind.collection.changesSince(revision)].map((event) => select(event, selection));
    const seen = changes.filter((one) => one !== undefined);
    return { count: seen.length, seen };
  } catch (error) {
    if (error instanceof CompactedError) throw expired(error.message);
    throw error;
  }
}

/** How a change looks through the selection: an object that begins to match was added, one that stops to match is gone. */
function select({ type, entry, previous }: StoreEvent, { prefix, matches }: Selection): Seen | undefined {
  if (!entry.key.startsWith(prefix)) return undefined;
  if (matches === undefined) return { type, entry };
  const before = previous !== undefined && matches(previous.object);
  if (type === "DELETED") return before ? { type, entry } : undefined;
  const after = matches(entry.object);
  if (after) return { type: before ? "MODIFIED" : "ADDED", entry };
  return before ? { type: "DELETED", entry } : undefined;
}

/** Writes events in the form that one client wants. The columns of a table go with the first of them. */
class EventEncoder {
  readonly #context: ApiContext;
  readonly #kind: KindDescriptor;
  readonly #representation: Representation;
  readonly #form: string;
  #sentColumns = false;

  constructor(context: ApiContext, kind: KindDescriptor, representation: Representation) {
    this.#context = context;
    this.#kind = kind;
    this.#representation = representation;
    this.#form = JSON.stringify(representation);
  }

  /** The lines that come before all others, each made when it is asked for. */
  encodeFirst({ count, seen }: First, end: string | undefined): Iterable<string> {
    let withColumns = this.#takeColumns(count > 0);
    const encode = (one: Seen) => this.#encode(one, withColumns);
    return (function* lines() {
      for (const one of seen) {
        yield encode(one);
        withColumns = false;
      }
      if (end !== undefined) yield end;
    })();
  }

  /** The line of a change. Clients of the same form share it through the hub. */
  encodeShared(seen: Seen): string {
    const withColumns = this.#takeColumns(true);
    return this.#context.watches.encodeOnce(seen.entry, `${seen.type} ${withColumns} ${this.#form}`, () =>
      this.#encode(seen, withColumns),
    );
  }

  #takeColumns(now: boolean): boolean {
    const due = now && this.#representation.as === "table" && !this.#sentColumns;
    this.#sentColumns ||= due;
    return due;
  }

  #encode({ type, entry }: Seen, withColumns: boolean): string {
    const object = encodeEntry(entry, this.#kind, this.#representation, this.#context.now(), withColumns);
    return `{"type":"${type}","object":${object}}\n`;
  }

  /** Only a resourceVersion; `initialEventsEnd` marks the end of the state that sendInitialEvents asked for. */
  bookmark(revision: number, initialEventsEnd = false): string {
    const { group, version, kind } = this.#kind.resource;
    const annotations = initialEventsEnd ? { "k8s.io/initial-events-end": "true" } : undefined;
    const metadata = { resourceVersion: String(revision), creationTimestamp: null, annotations };
    const apiVersion = group === "" ? version : `${group}/${version}`;
    const object =
      this.#representation.as === "object"
        ? { kind, apiVersion, metadata }
        : this.#representation.as === "table"
          ? {
              kind: "Table",
              apiVersion: `meta.k8s.io/${this.#representation.version}`,
              metadata: { resourceVersion: String(revision) },
              columnDefinitions: null,
              rows: [{ cells: [], object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata } }],
            }
          : { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${this.#representation.version}`, metadata };
    return `${JSON.stringify({ type: "BOOKMARK", object })}\n`;
  }
}

function parseTimeout(text: string | null): number {
  // As Kubernetes: between 30 and 60 minutes by chance, so that clients do not all come back at once.
  if (text === null || text === "" || text === "0") return 1800 + Math.floor(Math.random() * 1800);
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 0) {
    throw badRequest(`timeoutSeconds must be a whole number of seconds, found ${JSON.stringify(text.slice(0, 100))}`);
  }
  return Math.min(seconds, 24 * 3600);
}

function endLater(stream: WatchStream, seconds: number, signal: AbortSignal): void {
  const timer = setTimeout(() => stream.end(), seconds * 1000);
  timer.unref();
  const stop = () => stream.cut();
  signal.addEventListener("abort", stop);
  stream.onEnd(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  });
  if (signal.aborted) stop();
}
