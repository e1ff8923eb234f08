import type { Entry, Stored } from "../storage/entry.ts";
import { type Answer, textAnswer } from "./answer.ts";
import type { KindDescriptor } from "./kinds/descriptor.ts";
import type { Representation } from "./negotiation.ts";

export interface ListMetadata {
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

/**
 * Objects in the form that a client asked for: as they are, as rows of a table (what `kubectl get` prints), or their metadata only.
 * `now` is in milliseconds since the epoch; ages are counted from it.
 */
export function representEntry(
  status: number,
  entry: Entry,
  kind: KindDescriptor,
  representation: Representation,
  now: number,
): Answer {
  return textAnswer(status, mediaType(representation), encodeEntry(entry, kind, representation, now, true));
}

export function representList(
  entries: Entry[],
  metadata: ListMetadata,
  kind: KindDescriptor,
  representation: Representation,
  now: number,
): Answer {
  return textAnswer(200, mediaType(representation), encodeList(entries, metadata, kind, representation, now));
}

export function mediaType(representation: Representation): string {
  switch (representation.as) {
    case "object":
      return "application/json";
    case "table":
      return `application/json;as=Table;v=${representation.version};g=meta.k8s.io`;
    case "metadata":
      return `application/json;as=PartialObjectMetadata;v=${representation.version};g=meta.k8s.io`;
  }
}

/** One object as JSON text. Watches send the columns of a table with the first event only. */
export function encodeEntry(
  entry: Entry,
  kind: KindDescriptor,
  representation: Representation,
  now: number,
  withColumns: boolean,
): string {
  switch (representation.as) {
    case "object":
      return entry.json;
    case "metadata":
      return JSON.stringify(partialMetadata(entry.object, representation.version));
    case "table": {
      const metadata = JSON.stringify({ resourceVersion: entry.object.metadata.resourceVersion });
      return encodeTable([entry], metadata, kind, representation, now, withColumns);
    }
  }
}

function encodeList(
  entries: Entry[],
  metadata: ListMetadata,
  kind: KindDescriptor,
  representation: Representation,
  now: number,
): string {
  const { resource } = kind;
  const meta = JSON.stringify(metadata);
  switch (representation.as) {
    case "object": {
      const apiVersion = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
      const items = entries.map(({ json }) => json).join(",");
      return `{"kind":"${resource.kind}List","apiVersion":"${apiVersion}","metadata":${meta},"items":[${items}]}`;
    }
    case "metadata": {
      const { version } = representation;
      const items = entries.map(({ object }) => JSON.stringify(partialMetadata(object, version))).join(",");
      return `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/${version}","metadata":${meta},"items":[${items}]}`;
    }
    case "table":
      return encodeTable(entries, meta, kind, representation, now, true);
  }
}

function encodeTable(
  entries: Entry[],
  metadata: string,
  kind: KindDescriptor,
  { version, includeObject }: Extract<Representation, { as: "table" }>,
  now: number,
  withColumns: boolean,
): string {
  const rows = entries.map((entry) => {
    const cells = JSON.stringify(kind.row(entry.object, now));
    if (includeObject === "None") return `{"cells":${cells}}`;
    const object = includeObject === "Object" ? entry.json : JSON.stringify(partialMetadata(entry.object, version));
    return `{"cells":${cells},"object":${object}}`;
  });
  const columns = withColumns ? columnDefinitions(kind) : "null";
  return `{"kind":"Table","apiVersion":"meta.k8s.io/${version}","metadata":${metadata},"columnDefinitions":${columns},"rows":[${rows.join(",")}]}`;
}

function columnDefinitions(kind: KindDescriptor): string {
  return JSON.stringify(
    kind.columns.map(({ name, type, format, description, priority }) => ({
      name,
      type,
      format: format ?? (name === "Name" ? "name" : ""),
      description: description ?? name,
      priority: priority ?? 0,
    })),
  );
}

function partialMetadata({ metadata }: Stored, version: string) {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata };
}
