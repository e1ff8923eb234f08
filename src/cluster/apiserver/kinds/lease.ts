import { leases } from "../../../kubernetes/resource.ts";
import type { Lease } from "../../../kubernetes/types.ts";
import { defineKind } from "./define.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { ageColumn, nameColumn, text } from "./table/columns.ts";
import { validateNonNegative, validatePositive } from "./validation/fields.ts";

export const lease = defineKind<Lease>({
  resource: leases,
  singular: "lease",
  shortNames: [],
  categories: [],
  schema: typeNamed("coordination.Lease"),
  nameFormat: "subdomain",
  validate: ({ spec }) => [
    ...validatePositive("spec.leaseDurationSeconds", spec?.leaseDurationSeconds),
    ...validateNonNegative("spec.leaseTransitions", spec?.leaseTransitions),
  ],
  hasStatus: false,
  columns: [nameColumn, text("Holder"), ageColumn],
  row: ({ metadata, spec }, now) => [
    metadata?.name ?? "",
    spec?.holderIdentity ?? "",
    age(metadata?.creationTimestamp, now),
  ],
});
