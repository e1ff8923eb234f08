import { serviceAccounts } from "../../../kubernetes/resource.ts";
import type { ServiceAccount } from "../../../kubernetes/types.ts";
import { defineKind } from "./define.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { ageColumn, integer, nameColumn } from "./table/columns.ts";

export const serviceAccount = defineKind<ServiceAccount>({
  resource: serviceAccounts,
  singular: "serviceaccount",
  shortNames: ["sa"],
  categories: [],
  schema: typeNamed("core.ServiceAccount"),
  nameFormat: "subdomain",
  // References to Secrets need not resolve.
  validate: () => [],
  hasStatus: false,
  columns: [nameColumn, integer("Secrets"), ageColumn],
  row: ({ metadata, secrets }, now) => [
    metadata?.name ?? "",
    secrets?.length ?? 0,
    age(metadata?.creationTimestamp, now),
  ],
});
