import { ingressClasses } from "../../../kubernetes/resource.ts";
import type { IngressClass } from "../../../kubernetes/types.ts";
import { defineKind } from "./define.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { ageColumn, nameColumn, text } from "./table/columns.ts";

export const ingressClass = defineKind<IngressClass>({
  resource: ingressClasses,
  singular: "ingressclass",
  shortNames: [],
  categories: [],
  schema: typeNamed("networking.IngressClass"),
  nameFormat: "subdomain",
  validate: () => [],
  specOf: ({ spec }) => spec,
  hasStatus: false,
  columns: [nameColumn, text("Controller"), text("Parameters"), ageColumn],
  row: ({ metadata, spec }, now) => [
    metadata?.name ?? "",
    spec?.controller ?? "",
    parametersCell(spec?.parameters),
    age(metadata?.creationTimestamp, now),
  ],
});

function parametersCell(parameters: NonNullable<IngressClass["spec"]>["parameters"]): string {
  if (parameters === undefined) return "<none>";
  const { kind, apiGroup, name } = parameters;
  return apiGroup === undefined ? `${kind}/${name}` : `${kind}.${apiGroup}/${name}`;
}
