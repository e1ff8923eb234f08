import { configMaps } from "../../../kubernetes/resource.ts";
import type { ConfigMap } from "../../../kubernetes/types.ts";
import { defineKind } from "./define.ts";
import type { FieldError } from "./descriptor.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { ageColumn, nameColumn, text } from "./table/columns.ts";
import { decodedBytes, validateImmutable, validateKeys, validateSize } from "./validation/data.ts";
import { invalid } from "./validation/errors.ts";

export const configMap = defineKind<ConfigMap>({
  resource: configMaps,
  singular: "configmap",
  shortNames: ["cm"],
  categories: [],
  schema: typeNamed("core.ConfigMap"),
  nameFormat: "subdomain",
  validate: validateConfigMap,
  validateUpdate: (object, old) => validateImmutable(object, old, ["data", "binaryData"]),
  hasStatus: false,
  columns: [nameColumn, text("Data"), ageColumn],
  row: ({ metadata, data, binaryData }, now) => [
    metadata?.name ?? "",
    Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
    age(metadata?.creationTimestamp, now),
  ],
});

function validateConfigMap({ data, binaryData }: ConfigMap): FieldError[] {
  const errors = validateKeys("data", data);
  for (const key of Object.keys(data ?? {})) {
    if (Object.hasOwn(binaryData ?? {}, key))
      errors.push(invalid(`data[${key}]`, key, "duplicate of key present in binaryData"));
  }
  const textBytes = Object.values(data ?? {}).reduce((sum, value) => sum + Buffer.byteLength(value), 0);
  errors.push(...validateKeys("binaryData", binaryData), ...validateSize("[]", textBytes + decodedBytes(binaryData)));
  return errors;
}
