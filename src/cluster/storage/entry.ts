import type { KubernetesObject, ObjectMeta } from "../../kubernetes/types.ts";

/** An object as it is stored: an immutable value. Copy before you change one. */
export type Stored = Omit<KubernetesObject, "metadata"> & { metadata: Metadata };

/** Read-only for clients, but not for the server that fills it in. */
export type Metadata = { -readonly [Field in keyof ObjectMeta]: ObjectMeta[Field] };

/** One version of one object. */
export interface Entry {
  key: string;
  revision: number;
  object: Stored;
  /** The object as JSON: made once for the journal, and used again for every answer that holds the object. */
  json: string;
}

/** One published change. For DELETED, `entry` is the last state with the revision of the deletion. */
export interface StoreEvent {
  type: "ADDED" | "MODIFIED" | "DELETED";
  revision: number;
  collection: string;
  entry: Entry;
  previous?: Entry;
}
