import { endpoints as resource } from "../../../kubernetes/resource.ts";
import type { Endpoints } from "../../../kubernetes/types.ts";
import { defineKind } from "./define.ts";
import type { FieldError } from "./descriptor.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { hostPort, limitedCell } from "./table/cells.ts";
import { ageColumn, nameColumn, text } from "./table/columns.ts";
import { required } from "./validation/errors.ts";
import {
  protocols,
  validateEndpointIP,
  validateLabelName,
  validateOneOf,
  validatePortNumber,
  validateSubdomain,
} from "./validation/fields.ts";

export const endpoints = defineKind<Endpoints>({
  resource,
  singular: "endpoints",
  shortNames: ["ep"],
  categories: [],
  schema: typeNamed("core.Endpoints"),
  nameFormat: "subdomain",
  setDefaults({ subsets }) {
    for (const { ports } of subsets ?? []) for (const port of ports ?? []) port.protocol ||= "TCP";
  },
  validate: ({ subsets }) => (subsets ?? []).flatMap((subset, index) => validateSubset(`subsets[${index}]`, subset)),
  hasStatus: false,
  columns: [nameColumn, text("Endpoints"), ageColumn],
  row: (object, now) => [
    object.metadata?.name ?? "",
    limitedCell(readyEndpoints(object), 3, "<none>"),
    age(object.metadata?.creationTimestamp, now),
  ],
});

function readyEndpoints({ subsets }: Endpoints): string[] {
  return (subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip ?? "")
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port))),
  );
}

type Subset = NonNullable<Endpoints["subsets"]>[number];

function validateSubset(path: string, { addresses = [], notReadyAddresses = [], ports = [] }: Subset): FieldError[] {
  const errors: FieldError[] = [];
  if (addresses.length === 0 && notReadyAddresses.length === 0) {
    errors.push(required(path, "must specify `addresses` or `notReadyAddresses`"));
  }
  for (const [list, entries] of Object.entries({ addresses, notReadyAddresses })) {
    for (const [index, { ip, hostname, nodeName }] of entries.entries()) {
      const field = `${path}.${list}[${index}]`;
      errors.push(...validateEndpointIP(`${field}.ip`, ip ?? ""));
      if (hostname) errors.push(...validateLabelName(`${field}.hostname`, hostname));
      if (nodeName) errors.push(...validateSubdomain(`${field}.nodeName`, nodeName));
    }
  }
  for (const [index, { name, port, protocol }] of ports.entries()) {
    const field = `${path}.ports[${index}]`;
    if (name) errors.push(...validateLabelName(`${field}.name`, name));
    else if (ports.length > 1) errors.push(required(`${field}.name`));
    errors.push(...validatePortNumber(`${field}.port`, port ?? 0));
    errors.push(...validateOneOf(`${field}.protocol`, protocol ?? "", protocols));
  }
  return errors;
}
