import { ingressClasses } from "../../../kubernetes/resource.ts";
import type { IngressClass } from "../../../kubernetes/types.ts";
import { defineKind } from "./define.ts";
import type { FieldError } from "./descriptor.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { ageColumn, nameColumn, text } from "./table/columns.ts";
import { forbidden, immutable, invalid, required, tooLong } from "./validation/errors.ts";
import { validateOneOf } from "./validation/fields.ts";
import { dnsSubdomain } from "./validation/names.ts";

export const ingressClass = defineKind<IngressClass>({
  resource: ingressClasses,
  singular: "ingressclass",
  shortNames: [],
  categories: [],
  schema: typeNamed("networking.IngressClass"),
  nameFormat: "subdomain",
  setDefaults({ spec }) {
    if (spec?.parameters !== undefined) spec.parameters.scope ??= "Cluster";
  },
  validate: validateIngressClass,
  validateUpdate: ({ spec }, old) => immutable("spec.controller", spec?.controller, old.spec?.controller),
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

const maxControllerBytes = 250;

function validateIngressClass({ spec }: IngressClass): FieldError[] {
  const errors: FieldError[] = [];
  const controller = spec?.controller ?? "";
  const field = "spec.controller";
  if (Buffer.byteLength(controller) > maxControllerBytes) errors.push(tooLong(field, maxControllerBytes));
  const slash = controller.indexOf("/");
  if (controller === "") errors.push(required(field));
  else if (slash <= 0 || slash === controller.length - 1) {
    errors.push(invalid(field, controller, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  } else {
    errors.push(...dnsSubdomain(controller.slice(0, slash)).map((problem) => invalid(field, controller, problem)));
  }
  return spec?.parameters === undefined ? errors : [...errors, ...validateParameters(spec.parameters)];
}

function validateParameters({ kind, name, scope, namespace }: Parameters): FieldError[] {
  const field = "spec.parameters";
  const errors: FieldError[] = [];
  if (!kind) errors.push(required(`${field}.kind`));
  if (!name) errors.push(required(`${field}.name`));
  errors.push(...validateOneOf(`${field}.scope`, scope ?? "", ["Cluster", "Namespace"]));
  if (scope === "Namespace" && !namespace) {
    errors.push(required(`${field}.namespace`, "`parameters.scope` is set to 'Namespace'"));
  }
  if (scope === "Cluster" && namespace !== undefined) {
    errors.push(forbidden(`${field}.namespace`, "`parameters.scope` is set to 'Cluster'"));
  }
  return errors;
}

type Parameters = NonNullable<NonNullable<IngressClass["spec"]>["parameters"]>;
