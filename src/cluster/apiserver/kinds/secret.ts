import { secrets } from "../../../kubernetes/resource.ts";
import type { Secret } from "../../../kubernetes/types.ts";
import { defineKind } from "./define.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { ageColumn, nameColumn, text } from "./table/columns.ts";

export const secret = defineKind<Secret>({
  resource: secrets,
  singular: "secret",
  shortNames: [],
  categories: [],
  schema: typeNamed("core.Secret"),
  nameFormat: "subdomain",
  setDefaults(object) {
    object.type ||= "Opaque";
    if (object.stringData === undefined) return;
    // stringData is for writing only: it goes into data, where it wins.
    object.data ??= {};
    for (const [key, value] of Object.entries(object.stringData)) {
      object.data[key] = Buffer.from(value, "utf8").toString("base64");
    }
    delete object.stringData;
  },
  validate: () => [],
  hasStatus: false,
  selectableFields: { type: (object) => object.type ?? "" },
  columns: [nameColumn, text("Type"), text("Data"), ageColumn],
  row: ({ metadata, type, data }, now) => [
    metadata?.name ?? "",
    type ?? "",
    Object.keys(data ?? {}).length,
    age(metadata?.creationTimestamp, now),
  ],
});
