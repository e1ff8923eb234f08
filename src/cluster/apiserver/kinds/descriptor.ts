import type { Resource } from "../../../kubernetes/resource.ts";
import type { KubernetesObject } from "../../../kubernetes/types.ts";

/** One rejected field, as Kubernetes words it: `spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range…`. */
export interface FieldError {
  /** Status cause reason. */
  reason:
    | "FieldValueInvalid"
    | "FieldValueRequired"
    | "FieldValueNotSupported"
    | "FieldValueForbidden"
    | "FieldValueDuplicate"
    | "FieldValueTooLong"
    | "FieldValueTooMany"
    | "FieldValueTypeInvalid"
    | "FieldValueNotFound";
  field: string;
  /** Complete text after the field path: `Invalid value: "x": must be …`. */
  message: string;
}

/** A column of `kubectl get`; priority above 0 shows only with -o wide. */
export interface Column {
  name: string;
  type: "string" | "integer" | "date" | "boolean";
  format?: string;
  description?: string;
  priority?: number;
}

/** The shape of a kind: what decoding keeps, what a strategic merge does, what the OpenAPI document says. */
export type Schema =
  | {
      type: "string" | "boolean" | "number" | "any";
      format?: "byte" | "date-time" | "micro-time" | "quantity";
      enum?: string[];
    }
  | { type: "integer"; format: "int32" | "int64" }
  /** A number or a string such as a named port. */
  | { type: "int-or-string" }
  /** `atomic` is for server-side apply: a strategic merge merges every map key by key. */
  | { type: "map"; values: Schema; atomic?: boolean }
  | {
      type: "list";
      items: Schema;
      /** Strategic merge: entries with the same value of this key are merged; "" merges a list of scalars as a set. */
      mergeKey?: string;
      /** Strategic merge: an entry that a patch names keeps only the keys in the patch. */
      retainKeys?: boolean;
      /** Server-side apply, later. */
      listMapKeys?: string[];
      atomic?: boolean;
    }
  /** `fields` has no prototype, so that names from a request can be looked up in it. `required`: fields that are always present in answers. */
  | { type: "object"; name: string; fields: Record<string, Schema>; required: string[] }
  /** Another type by its name in `definitions` (schema/definitions.ts; `resolve` follows it). `retainKeys` as for lists. */
  | { type: "ref"; name: string; retainKeys?: boolean };

export type Definitions = Record<string, Extract<Schema, { type: "object" }>>;

/**
 * All that the API server knows of one kind. The generic server (handler, store, watch, patch, table) reads only this; it has no `if` on a kind.
 * Functions get fresh copies they may change where they return void, and must not keep them.
 */
export interface KindDescriptor<T extends KubernetesObject = KubernetesObject> {
  resource: Resource;
  singular: string;
  shortNames: string[];
  /** "all" makes `kubectl get all` ask for it. */
  categories: string[];
  schema: Schema;
  /** Fill in what the API defaults: first thing after decoding, on create and on every update (so it may meet a body with a status only). */
  setDefaults?(object: T): void;
  /** Before validation of a create: drop or set what clients may not choose (status, generation…). `now` is RFC 3339 in seconds. */
  prepareForCreate?(object: T, now: string): void;
  /** Before validation of an update of the main resource: keep status and what the server owns. */
  prepareForUpdate?(object: T, old: T): void;
  /** Metadata is validated by the generic server; this is for the rest. All errors at once, in field order. */
  validate(object: T): FieldError[];
  /** Immutable fields and transitions. */
  validateUpdate?(object: T, old: T): FieldError[];
  /** The part that counts as "spec": metadata.generation grows when it changes. Absent: the kind has no generation. */
  specOf?(object: T): unknown;
  hasStatus: boolean;
  validateStatusUpdate?(object: T, old: T): FieldError[];
  /** How /scale reads and writes replicas. */
  scale?: {
    get(object: T): { replicas: number; statusReplicas: number; selector: string };
    set(object: T, replicas: number): void;
  };
  /** Names of field selectors beyond metadata.name and metadata.namespace, and their values. */
  selectableFields?: Record<string, (object: T) => string>;
  /** How metadata.name is checked: RFC 1123 subdomain, RFC 1123 label, RFC 1035 label (Service before 1.34), or a path segment (RBAC). */
  nameFormat: "subdomain" | "label" | "label1035" | "path";
  columns: Column[];
  /** Cells in the order of columns. `now` in milliseconds since the epoch, for ages. */
  row(object: T, now: number): (string | number | boolean | null)[];
}
