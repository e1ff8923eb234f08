import { configMaps } from "../../../kubernetes/resource.ts";
import type { ConfigMap } from "../../../kubernetes/types.ts";
import { defineKind } from "./define.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { ageColumn, nameColumn, text } from "./table/columns.ts";

export const configMap = defineKind<ConfigMap>({
  resource: configMaps,
  singular: "configmap",
  shortNames: ["cm"],
  categories: [],
  schema: typeNamed("core.ConfigMap"),
  nameFormat: "subdomain",
  validate: () => [],
  hasStatus: false,
  columns: [nameColumn, text("Data"), ageColumn],
  row: ({ metadata, data, binaryData }, now) => [
    metadata?.name ?? "",
    Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
    age(metadata?.creationTimestamp, now),
  ],
});
