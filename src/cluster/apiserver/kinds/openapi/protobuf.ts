import type { Json } from "./models.ts";

/**
 * Writes an OpenAPI 2.0 document in the protobuf form that kubectl asks for (gnostic's openapi.v2.Document, media type
 * application/com.github.proto-openapi.spec.v2@v1.0+protobuf). Only the messages and fields that our document has are known;
 * a key that is not known throws, so that nothing goes missing silently.
 */
export function encodeV2(document: Json): Buffer {
  return Buffer.concat(encodeMessage("Document", document));
}

/** How a JSON key becomes a field: its number and what its value is. */
type FieldRule = [number, "string" | "strings" | "type" | "items" | "additionalProperties" | MessageName];
type MessageName = keyof typeof messages;

/** A message whose JSON form is a map: field number of the repeated pairs, and the type of their values. */
const maps = {
  Paths: [2, "PathItem"],
  Definitions: [1, "Schema"],
  Properties: [1, "Schema"],
  Responses: [1, "Response"],
} as const;

const messages = {
  Document: {
    swagger: [1, "string"],
    info: [2, "Info"],
    paths: [8, "Paths"],
    definitions: [9, "Definitions"],
  },
  Info: { title: [1, "string"], version: [2, "string"] },
  PathItem: { put: [3, "Operation"], post: [4, "Operation"], patch: [8, "Operation"] },
  Operation: { parameters: [8, "ParametersItem"], responses: [9, "Responses"] },
  ParametersItem: {},
  QueryParameter: { in: [2, "string"], name: [4, "string"], type: [6, "string"] },
  Response: { description: [1, "string"] },
  Schema: {
    $ref: [1, "string"],
    format: [2, "string"],
    required: [19, "strings"],
    additionalProperties: [21, "additionalProperties"],
    type: [22, "type"],
    items: [23, "items"],
    properties: [25, "Properties"],
  },
  Paths: {},
  Definitions: {},
  Properties: {},
  Responses: {},
} as const satisfies Record<string, Record<string, readonly [number, string]>>;

/** Field number of the vendor extensions ("x-…") of a message. */
const extensionField: Partial<Record<MessageName, number>> = { Operation: 13, Schema: 31 };

function encodeMessage(name: MessageName, value: Json): Buffer[] {
  if (name in maps) return encodeMap(name as keyof typeof maps, value);
  if (name === "ParametersItem") return encodeParameter(value);
  const rules = messages[name] as unknown as Record<string, FieldRule>;
  const parts: Buffer[] = [];
  for (const [key, entry] of Object.entries(value)) {
    if (key.startsWith("x-")) {
      const field = extensionField[name];
      if (field === undefined) throw new Error(`${name} has no place for ${key}`);
      // NamedAny { name = 1, value = 2 }, whose Any carries YAML (2); JSON is YAML.
      parts.push(...nested(field, [...text(1, key), ...nested(2, text(2, JSON.stringify(entry)))]));
      continue;
    }
    const rule = rules[key];
    if (rule === undefined) throw new Error(`${name} has no field ${key}`);
    for (const one of Array.isArray(entry) ? entry : [entry]) parts.push(...encodeField(rule, one));
  }
  return parts;
}

function encodeField([number, kind]: FieldRule, value: unknown): Buffer[] {
  switch (kind) {
    case "string":
    case "strings":
      return text(number, String(value));
    case "type":
      // TypeItem { value = 1 }
      return nested(number, text(1, String(value)));
    case "items":
    case "additionalProperties":
      // ItemsItem and AdditionalPropertiesItem { schema = 1 }
      return nested(number, nested(1, encodeMessage("Schema", value as Json)));
    default:
      return nested(number, encodeMessage(kind, value as Json));
  }
}

/** Repeated pairs { name = 1, value = 2 }. A response's value is one step deeper: ResponseValue { response = 1 }. */
function encodeMap(name: keyof typeof maps, value: Json): Buffer[] {
  const [field, type] = maps[name];
  return Object.entries(value).flatMap(([key, entry]) => {
    const message = encodeMessage(type, entry as Json);
    return nested(field, [...text(1, key), ...nested(2, type === "Response" ? nested(1, message) : message)]);
  });
}

/** ParametersItem { parameter = 1 }, Parameter { non_body_parameter = 2 }, NonBodyParameter { query_parameter_sub_schema = 3 }. */
function encodeParameter(value: Json): Buffer[] {
  return nested(1, nested(2, nested(3, encodeMessage("QueryParameter", value))));
}

/** A field of wire type 2 that holds a message. */
function nested(field: number, parts: Buffer[]): Buffer[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [varint(field * 8 + 2), varint(length), ...parts];
}

function text(field: number, value: string): Buffer[] {
  return nested(field, [Buffer.from(value, "utf8")]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}
