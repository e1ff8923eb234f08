import { ingresses } from "../../../kubernetes/resource.ts";
import type { Ingress } from "../../../kubernetes/types.ts";
import { defineKind, dropStatus, keepStatus } from "./define.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { limitedCell } from "./table/cells.ts";
import { ageColumn, nameColumn, text } from "./table/columns.ts";

export const ingress = defineKind<Ingress>({
  resource: ingresses,
  singular: "ingress",
  shortNames: ["ing"],
  categories: [],
  schema: typeNamed("networking.Ingress"),
  nameFormat: "subdomain",
  prepareForCreate: dropStatus,
  prepareForUpdate: keepStatus,
  validate: () => [],
  specOf: ({ spec }) => spec,
  hasStatus: true,
  columns: [nameColumn, text("Class"), text("Hosts"), text("Address"), text("Ports"), ageColumn],
  row: ({ metadata, spec, status }, now) => [
    metadata?.name ?? "",
    spec?.ingressClassName ?? "<none>",
    limitedCell(
      (spec?.rules ?? []).flatMap(({ host }) => (host ? [host] : [])),
      3,
      "*",
    ),
    (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || "").join(","),
    (spec?.tls ?? []).length > 0 ? "80, 443" : "80",
    age(metadata?.creationTimestamp, now),
  ],
});
