import { isIPv4, isIPv6 } from "node:net";
import { qualifiedNameErrors } from "../../../kubernetes/labels.ts";
import { endpointSlices } from "../../../kubernetes/resource.ts";
import type { EndpointSlice } from "../../../kubernetes/types.ts";
import { defineKind } from "./define.ts";
import type { FieldError } from "./descriptor.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { limitedCell } from "./table/cells.ts";
import { ageColumn, nameColumn, text } from "./table/columns.ts";
import { duplicate, immutable, invalid, required, tooMany } from "./validation/errors.ts";
import {
  protocols,
  validateEndpointIP,
  validateLabelName,
  validateOneOf,
  validatePortNumber,
  validateSubdomain,
} from "./validation/fields.ts";

export const endpointSlice = defineKind<EndpointSlice>({
  resource: endpointSlices,
  singular: "endpointslice",
  shortNames: [],
  categories: [],
  schema: typeNamed("discovery.EndpointSlice"),
  nameFormat: "subdomain",
  setDefaults({ ports }) {
    for (const port of ports ?? []) {
      port.name ??= "";
      port.protocol ??= "TCP";
    }
  },
  validate: validateEndpointSlice,
  validateUpdate: ({ addressType }, old) => immutable("addressType", addressType, old.addressType),
  specOf: ({ endpoints, ports, addressType }) => ({ endpoints, ports, addressType }),
  hasStatus: false,
  columns: [nameColumn, text("AddressType"), text("Ports"), text("Endpoints"), ageColumn],
  row: ({ metadata, addressType, ports, endpoints }, now) => [
    metadata?.name ?? "",
    addressType ?? "",
    limitedCell(
      (ports ?? []).map(({ port }) => (port === undefined ? "*" : String(port))),
      3,
      "<unset>",
    ),
    limitedCell(
      (endpoints ?? []).flatMap(({ addresses }) => addresses ?? []),
      3,
      "<unset>",
    ),
    age(metadata?.creationTimestamp, now),
  ],
});

const maxEndpoints = 1000;
const maxPorts = 100;
const maxAddresses = 100;
const maxHints = 8;

function validateEndpointSlice({ addressType, endpoints = [], ports = [] }: EndpointSlice): FieldError[] {
  const errors = addressType
    ? validateOneOf("addressType", addressType, ["FQDN", "IPv4", "IPv6"])
    : [required("addressType")];
  if (endpoints.length > maxEndpoints) errors.push(tooMany("endpoints", endpoints.length, maxEndpoints));
  else {
    for (const [index, endpoint] of endpoints.entries()) {
      errors.push(...validateEndpoint(`endpoints[${index}]`, endpoint, addressType));
    }
  }
  if (ports.length > maxPorts) return [...errors, tooMany("ports", ports.length, maxPorts)];
  const names = new Set<string>();
  for (const [index, { name = "", protocol, port, appProtocol }] of ports.entries()) {
    const field = `ports[${index}]`;
    if (name !== "") errors.push(...validateLabelName(`${field}.name`, name));
    if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
    names.add(name);
    errors.push(...validateOneOf(`${field}.protocol`, protocol ?? "", protocols));
    if (port !== undefined) errors.push(...validatePortNumber(`${field}.port`, port));
    if (appProtocol !== undefined) {
      const path = `${field}.appProtocol`;
      errors.push(...qualifiedNameErrors(appProtocol).map((problem) => invalid(path, appProtocol, problem)));
    }
  }
  return errors;
}

function validateEndpoint(
  path: string,
  endpoint: EndpointSlice["endpoints"][number],
  addressType: string,
): FieldError[] {
  const { addresses = [], hostname, nodeName, hints } = endpoint;
  const errors: FieldError[] = [];
  if (addresses.length === 0) errors.push(required(`${path}.addresses`, "must contain at least 1 address"));
  else if (addresses.length > maxAddresses) {
    errors.push(tooMany(`${path}.addresses`, addresses.length, maxAddresses));
  }
  for (const [index, address] of addresses.entries()) {
    errors.push(...validateAddress(`${path}.addresses[${index}]`, address, addressType));
  }
  if (hostname !== undefined) errors.push(...validateLabelName(`${path}.hostname`, hostname));
  if (nodeName !== undefined) errors.push(...validateSubdomain(`${path}.nodeName`, nodeName));
  for (const list of ["forZones", "forNodes"] as const) {
    const entries = hints?.[list] ?? [];
    const field = `${path}.hints.${list}`;
    if (entries.length > maxHints) errors.push(tooMany(field, entries.length, maxHints));
    const names = new Set<string>();
    for (const [index, { name }] of entries.entries()) {
      if (names.has(name)) errors.push(duplicate(`${field}[${index}].name`, name));
      names.add(name);
      if (!name) errors.push(required(`${field}[${index}].name`));
    }
  }
  return errors;
}

function validateAddress(field: string, address: string, addressType: string): FieldError[] {
  if (addressType === "FQDN") {
    return address.includes(".")
      ? validateSubdomain(field, address)
      : [invalid(field, address, "should be a domain with at least two segments separated by dots")];
  }
  if (addressType === "IPv4" && !isIPv4(address)) return [invalid(field, address, "must be a valid IPv4 address")];
  if (addressType === "IPv6" && !isIPv6(address)) return [invalid(field, address, "must be a valid IPv6 address")];
  return validateEndpointIP(field, address);
}
