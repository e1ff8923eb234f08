import { clusterRoles, roles } from "../../../kubernetes/resource.ts";
import type { ClusterRole, Role } from "../../../kubernetes/types.ts";
import { defineKind } from "./define.ts";
import type { Column } from "./descriptor.ts";
import { typeNamed } from "./schema/definitions.ts";
import { nameColumn } from "./table/columns.ts";

const columns: Column[] = [nameColumn, { name: "Created At", type: "date" }];

function row({ metadata }: Role | ClusterRole): string[] {
  return [metadata?.name ?? "", metadata?.creationTimestamp ?? ""];
}

export const role = defineKind<Role>({
  resource: roles,
  singular: "role",
  shortNames: [],
  categories: [],
  schema: typeNamed("rbac.Role"),
  nameFormat: "path",
  validate: () => [],
  hasStatus: false,
  columns,
  row,
});

export const clusterRole = defineKind<ClusterRole>({
  resource: clusterRoles,
  singular: "clusterrole",
  shortNames: [],
  categories: [],
  schema: typeNamed("rbac.ClusterRole"),
  nameFormat: "path",
  validate: () => [],
  hasStatus: false,
  columns,
  row,
});
