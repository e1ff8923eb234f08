import type { Entry } from "../storage/entry.ts";
import { CompactedError } from "../storage/history.ts";
import type { Answer } from "./answer.ts";
import type { ApiContext } from "./context.ts";
import { type Continue, decodeContinue, encodeContinue } from "./continue-token.ts";
import { negotiate } from "./negotiation.ts";
import { keyOf, type ServedKind } from "./registry.ts";
import { type ListMetadata, representEntry, representList } from "./represent.ts";
import type { RequestInfo, ResourceRequest } from "./request-info.ts";
import { fieldPredicate, labelPredicate, type Predicate } from "./selectors.ts";
import { badRequest, expired, notFound, tooLargeResourceVersion } from "./status.ts";

/** GET of one object. */
export function getObject(
  context: ApiContext,
  kind: ServedKind,
  { namespace, name }: ResourceRequest,
  info: RequestInfo,
  accept: string | undefined,
): Answer {
  const representation = negotiate(accept, info.query);
  checkNotInFuture(context, parseResourceVersion(info.query.get("resourceVersion")));
  const entry = kind.collection.get(keyOf(kind.resource, namespace, name));
  if (entry === undefined) throw notFound(kind.resource, name);
  return representEntry(200, entry, kind.descriptor, representation, context.now());
}

/** What a list, a watch or a deletion of a collection selects. */
export interface Selection {
  /** Keys start with it: "default/", or "" for everything. */
  prefix: string;
  /** Absent when there is no selector at all. */
  matches?: Predicate;
}

export function readSelection(kind: ServedKind, { namespace }: ResourceRequest, query: URLSearchParams): Selection {
  const labels = query.get("labelSelector") ?? "";
  const fields = query.get("fieldSelector") ?? "";
  const prefix = kind.resource.namespaced && namespace !== "" ? `${namespace}/` : "";
  if (labels === "" && fields === "") return { prefix };
  const byLabel = labelPredicate(labels);
  const byField = fieldPredicate(fields, kind.descriptor);
  return { prefix, matches: (object) => byLabel(object) && byField(object) };
}

/** GET of a collection: limit and continue, and the meaning of resourceVersion as in Kubernetes' API concepts. */
export function listObjects(
  context: ApiContext,
  kind: ServedKind,
  request: ResourceRequest,
  info: RequestInfo,
  accept: string | undefined,
): Answer {
  const { query } = info;
  const representation = negotiate(accept, query);
  const selection = readSelection(kind, request, query);
  const page = readPage(context, kind, selection, query);
  return representList(page.entries, page.metadata, kind.descriptor, representation, context.now());
}

function readPage(context: ApiContext, kind: ServedKind, selection: Selection, query: URLSearchParams) {
  const limit = parseLimit(query.get("limit"));
  const token = query.get("continue") ?? "";
  const from = token === "" ? startOfList(context, query) : decodeContinue(token);
  const all = entriesAt(context, kind, selection.prefix, from);
  const start = from.after === "" ? 0 : all.findIndex(({ key }) => key > from.after);
  const rest = start === -1 ? [] : all.slice(start);
  const { entries, taken } = take(rest, selection.matches, limit);
  const revision = from.revision > 0 ? from.revision : context.store.revision;
  const metadata: ListMetadata = { resourceVersion: String(revision) };
  const last = rest[taken - 1];
  if (taken < rest.length && last !== undefined) {
    metadata.continue = encodeContinue({ revision, after: last.key });
    if (selection.matches === undefined) metadata.remainingItemCount = rest.length - taken;
  }
  return { entries, metadata };
}

/** The first `limit` entries that match, and how many were looked at for them. */
function take(entries: Entry[], matches: Predicate | undefined, limit: number): { entries: Entry[]; taken: number } {
  if (matches === undefined) {
    const taken = Math.min(limit, entries.length);
    return { entries: entries.slice(0, taken), taken };
  }
  const found: Entry[] = [];
  let taken = 0;
  for (const entry of entries) {
    if (found.length >= limit) break;
    taken += 1;
    if (matches(entry.object)) found.push(entry);
  }
  return { entries: found, taken };
}

function startOfList(context: ApiContext, query: URLSearchParams): Continue {
  const wanted = parseResourceVersion(query.get("resourceVersion"));
  const match = query.get("resourceVersionMatch") ?? "";
  if (match !== "" && match !== "Exact" && match !== "NotOlderThan") {
    throw badRequest(`unsupported resourceVersionMatch ${JSON.stringify(match)}: use Exact or NotOlderThan`);
  }
  if (match !== "" && wanted === undefined) {
    throw badRequest("resourceVersionMatch is forbidden unless resourceVersion is provided");
  }
  checkNotInFuture(context, wanted);
  if (match !== "Exact") return { revision: 0, after: "" };
  if (wanted === 0) throw badRequest('resourceVersionMatch "Exact" is forbidden for resourceVersion "0"');
  return { revision: wanted ?? 0, after: "" };
}

function entriesAt(context: ApiContext, kind: ServedKind, prefix: string, from: Continue): Entry[] {
  if (from.revision <= 0 || from.revision === context.store.revision) return kind.collection.list(prefix);
  checkNotInFuture(context, from.revision);
  try {
    return kind.collection.listAt(from.revision, prefix);
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    if (from.after === "") throw expired(`The resourceVersion for the provided list is too old.`);
    throw expiredContinue(from);
  }
}

/** The token in the answer continues behind the same object, in the state of then. */
function expiredContinue(from: Continue) {
  const error = expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
  );
  error.status.metadata.continue = encodeContinue({ revision: -1, after: from.after });
  return error;
}

/** undefined for "unset". Throws 400 for anything but a decimal number. */
export function parseResourceVersion(text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw badRequest(`Invalid value: ${JSON.stringify(text.slice(0, 100))}: resourceVersion must be a decimal number`);
}

export function checkNotInFuture({ store }: ApiContext, wanted: number | undefined): void {
  if (wanted !== undefined && wanted > store.revision) throw tooLargeResourceVersion(wanted, store.revision);
}

function parseLimit(text: string | null): number {
  if (text === null || text === "") return Number.POSITIVE_INFINITY;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) {
    throw badRequest(`limit must be a whole number of objects, found ${JSON.stringify(text.slice(0, 100))}`);
  }
  return value === 0 ? Number.POSITIVE_INFINITY : value;
}
