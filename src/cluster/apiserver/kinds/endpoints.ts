import { endpoints as resource } from "../../../kubernetes/resource.ts";
import type { Endpoints } from "../../../kubernetes/types.ts";
import { defineKind } from "./define.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { hostPort, limitedCell } from "./table/cells.ts";
import { ageColumn, nameColumn, text } from "./table/columns.ts";

export const endpoints = defineKind<Endpoints>({
  resource,
  singular: "endpoints",
  shortNames: ["ep"],
  categories: [],
  schema: typeNamed("core.Endpoints"),
  nameFormat: "subdomain",
  validate: () => [],
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
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port))),
  );
}
