import { type FieldTerm, matchesFields, parseFieldSelector } from "../../kubernetes/field-selector.ts";
import { matchesRequirements, SelectorError } from "../../kubernetes/requirement.ts";
import { parseLabelSelector } from "../../kubernetes/selector-string.ts";
import type { Stored } from "../storage/entry.ts";
import type { KindDescriptor } from "./kinds/descriptor.ts";
import { badRequest } from "./status.ts";

export type Predicate = (object: Stored) => boolean;

const maxSelector = 16 << 10;

/** The labelSelector parameter as a predicate. Throws 400. */
export function labelPredicate(text: string): Predicate {
  const requirements = parse(parseLabelSelector, text, "label");
  return ({ metadata }) => matchesRequirements(requirements, metadata.labels);
}

/** The fieldSelector parameter as a predicate. Throws 400, also for fields that the kind does not offer. */
export function fieldPredicate(text: string, kind: KindDescriptor): Predicate {
  const terms = parse(parseFieldSelector, text, "field");
  const fields = new Map(terms.map(({ field }) => [field, getter(field, text, kind)]));
  return (object) => matchesFields(terms, (field) => fields.get(field)!(object));
}

/** The name that `metadata.name=X` asks for: authorization of a list or watch of one object goes by it. "" when there is none. */
export function selectedName(text: string): string {
  if (!text.includes("metadata.name")) return "";
  const terms = parse(parseFieldSelector, text, "field");
  return terms.find(({ field, negated }) => field === "metadata.name" && !negated)?.value ?? "";
}

function parse<T>(parser: (text: string) => T, text: string, what: string): T {
  if (text.length > maxSelector) throw badRequest(`the ${what} selector is longer than ${maxSelector} characters`);
  try {
    return parser(text);
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
}

function getter(field: string, text: string, kind: KindDescriptor): (object: Stored) => string {
  if (field === "metadata.name") return ({ metadata }) => metadata.name ?? "";
  if (field === "metadata.namespace" && kind.resource.namespaced) return ({ metadata }) => metadata.namespace ?? "";
  const own = kind.selectableFields;
  const get = own !== undefined && Object.hasOwn(own, field) ? own[field] : undefined;
  if (get !== undefined) return get;
  const { group, version, plural } = kind.resource;
  throw badRequest(
    `Unable to find "${group}/${version}, Resource=${plural}" that match label selector "", field selector ${JSON.stringify(text)}: field label not supported: ${field}`,
  );
}

/** The terms of a field selector. Throws 400. */
export function parseFieldTerms(text: string): FieldTerm[] {
  return parse(parseFieldSelector, text, "field");
}
