import { endpointSlices } from "../../../kubernetes/resource.ts";
import type { EndpointSlice } from "../../../kubernetes/types.ts";
import { defineKind } from "./define.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { limitedCell } from "./table/cells.ts";
import { ageColumn, nameColumn, text } from "./table/columns.ts";

export const endpointSlice = defineKind<EndpointSlice>({
  resource: endpointSlices,
  singular: "endpointslice",
  shortNames: [],
  categories: [],
  schema: typeNamed("discovery.EndpointSlice"),
  nameFormat: "subdomain",
  validate: () => [],
  specOf: ({ endpoints, ports, addressType }) => ({ endpoints, ports, addressType }),
  hasStatus: false,
  columns: [nameColumn, text("AddressType"), text("Ports"), text("Endpoints"), ageColumn],
  row: ({ metadata, addressType, ports, endpoints }, now) => [
    metadata?.name ?? "",
    addressType,
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
