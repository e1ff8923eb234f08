import { clusterRoleBindings, roleBindings } from "../../../kubernetes/resource.ts";
import type { ClusterRoleBinding, RoleBinding } from "../../../kubernetes/types.ts";
import { defineKind } from "./define.ts";
import type { Column } from "./descriptor.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { ageColumn, nameColumn, text, wide } from "./table/columns.ts";

const columns: Column[] = [nameColumn, text("Role"), ageColumn, wide("Users"), wide("Groups"), wide("ServiceAccounts")];

function row({ metadata, roleRef, subjects }: RoleBinding | ClusterRoleBinding, now: number): string[] {
  const names = (kind: string) => (subjects ?? []).filter((subject) => subject.kind === kind);
  return [
    metadata?.name ?? "",
    `${roleRef?.kind}/${roleRef?.name}`,
    age(metadata?.creationTimestamp, now),
    names("User")
      .map(({ name }) => name)
      .join(", "),
    names("Group")
      .map(({ name }) => name)
      .join(", "),
    names("ServiceAccount")
      .map(({ name, namespace }) => `${namespace ?? ""}/${name}`)
      .join(", "),
  ];
}

export const roleBinding = defineKind<RoleBinding>({
  resource: roleBindings,
  singular: "rolebinding",
  shortNames: [],
  categories: [],
  schema: typeNamed("rbac.RoleBinding"),
  nameFormat: "path",
  validate: () => [],
  hasStatus: false,
  columns,
  row,
});

export const clusterRoleBinding = defineKind<ClusterRoleBinding>({
  resource: clusterRoleBindings,
  singular: "clusterrolebinding",
  shortNames: [],
  categories: [],
  schema: typeNamed("rbac.ClusterRoleBinding"),
  nameFormat: "path",
  validate: () => [],
  hasStatus: false,
  columns,
  row,
});
