import { clusterRoleBindings, roleBindings } from "../../../kubernetes/resource.ts";
import type { ClusterRoleBinding, RoleBinding } from "../../../kubernetes/types.ts";
import { defineKind } from "./define.ts";
import type { Column, FieldError } from "./descriptor.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { ageColumn, nameColumn, text, wide } from "./table/columns.ts";
import { invalid, notSupported, required, same } from "./validation/errors.ts";
import { validateOneOf, validateSubdomain } from "./validation/fields.ts";
import { pathSegment } from "./validation/names.ts";

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
  setDefaults: setBindingDefaults,
  validate: (object) => validateBinding(object, ["ClusterRole", "Role"]),
  validateUpdate: validateBindingUpdate,
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
  setDefaults: setBindingDefaults,
  validate: (object) => validateBinding(object, ["ClusterRole"]),
  validateUpdate: validateBindingUpdate,
  hasStatus: false,
  columns,
  row,
});

type Binding = RoleBinding | ClusterRoleBinding;

const rbacGroup = "rbac.authorization.k8s.io";

function setBindingDefaults({ roleRef, subjects }: Binding): void {
  if (roleRef !== undefined) roleRef.apiGroup ||= rbacGroup;
  for (const subject of subjects ?? []) {
    if (subject.kind === "User" || subject.kind === "Group") subject.apiGroup ||= rbacGroup;
  }
}

function validateBinding({ roleRef, subjects }: Binding, roleKinds: string[]): FieldError[] {
  const { apiGroup = "", kind = "", name = "" } = roleRef ?? {};
  const errors = [
    ...validateOneOf("roleRef.apiGroup", apiGroup, [rbacGroup]),
    ...validateOneOf("roleRef.kind", kind, roleKinds),
  ];
  if (name === "") errors.push(required("roleRef.name"));
  else errors.push(...pathSegment(name).map((problem) => invalid("roleRef.name", name, problem)));
  for (const [index, subject] of (subjects ?? []).entries()) {
    errors.push(...validateSubject(`subjects[${index}]`, subject));
  }
  return errors;
}

function validateSubject(path: string, subject: NonNullable<Binding["subjects"]>[number]): FieldError[] {
  const { kind = "", name = "", namespace = "", apiGroup = "" } = subject;
  const errors = name === "" ? [required(`${path}.name`)] : [];
  if (kind === "ServiceAccount") {
    if (name !== "") errors.push(...validateSubdomain(`${path}.name`, name));
    if (apiGroup !== "") errors.push(notSupported(`${path}.apiGroup`, apiGroup, [""]));
    if (namespace === "") errors.push(required(`${path}.namespace`));
  } else if (kind === "User" || kind === "Group") {
    errors.push(...validateOneOf(`${path}.apiGroup`, apiGroup, [rbacGroup]));
  } else {
    errors.push(notSupported(`${path}.kind`, kind, ["Group", "ServiceAccount", "User"]));
  }
  return errors;
}

/** What was reviewed when the binding was made must not become another role. */
function validateBindingUpdate({ roleRef }: Binding, old: Binding): FieldError[] {
  return same(roleRef, old.roleRef) ? [] : [invalid("roleRef", roleRef, "cannot change roleRef")];
}
