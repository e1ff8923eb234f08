import { secrets } from "../../../kubernetes/resource.ts";
import type { Secret } from "../../../kubernetes/types.ts";
import { defineKind } from "./define.ts";
import type { FieldError } from "./descriptor.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { ageColumn, nameColumn, text } from "./table/columns.ts";
import { decodedBytes, validateImmutable, validateKeys, validateSize } from "./validation/data.ts";
import { immutable, invalid, required } from "./validation/errors.ts";

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
  validate: validateSecret,
  validateUpdate: (object, old) => [
    ...immutable("type", object.type, old.type),
    ...validateImmutable(object, old, ["data"]),
  ],
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

/** Keys without which a Secret of a type makes no sense. */
const keysOfType: Record<string, string[]> = {
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
};

function validateSecret({ metadata, type, data }: Secret): FieldError[] {
  const errors = [...validateKeys("data", data), ...validateSize("data", decodedBytes(data))];
  const has = (key: string) => Object.hasOwn(data ?? {}, key);
  if (type === "kubernetes.io/service-account-token") {
    const annotation = "kubernetes.io/service-account.name";
    if (!metadata?.annotations?.[annotation]) errors.push(required(`metadata.annotations[${annotation}]`));
  } else if (type === "kubernetes.io/basic-auth") {
    // Either is enough.
    if (!has("username") && !has("password")) {
      errors.push(required("data[username]"), required("data[password]"));
    }
  } else {
    const keys = type !== undefined && Object.hasOwn(keysOfType, type) ? keysOfType[type]! : [];
    errors.push(...keys.filter((key) => !has(key)).map((key) => required(`data[${key}]`)));
  }
  for (const key of [".dockercfg", ".dockerconfigjson"]) {
    if (type === `kubernetes.io/${key.slice(1)}` && has(key) && !isJsonBase64(data![key]!)) {
      errors.push(invalid(`data[${key}]`, "<secret contents redacted>", "must be JSON"));
    }
  }
  return errors;
}

function isJsonBase64(value: string): boolean {
  try {
    JSON.parse(Buffer.from(value, "base64").toString("utf8"));
    return true;
  } catch {
    return false;
  }
}
