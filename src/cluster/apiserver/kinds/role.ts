import { clusterRoles, roles } from "../../../kubernetes/resource.ts";
import type { ClusterRole, PolicyRule, Role } from "../../../kubernetes/types.ts";
import { defineKind } from "./define.ts";
import type { Column, FieldError } from "./descriptor.ts";
import { typeNamed } from "./schema/definitions.ts";
import { nameColumn } from "./table/columns.ts";
import { invalid, required } from "./validation/errors.ts";
import { validateLabelSelector } from "./validation/labels.ts";

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
  validate: ({ rules }) => validateRules(rules, true),
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
  validate: ({ rules, aggregationRule }) => [...validateRules(rules, false), ...validateAggregation(aggregationRule)],
  hasStatus: false,
  columns,
  row,
});

function validateRules(rules: PolicyRule[] | undefined, namespaced: boolean): FieldError[] {
  return (rules ?? []).flatMap((rule, index) => validateRule(`rules[${index}]`, rule, namespaced));
}

function validateRule(path: string, rule: PolicyRule, namespaced: boolean): FieldError[] {
  const { verbs = [], nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] } = rule;
  const errors = verbs.length === 0 ? [required(`${path}.verbs`, "verbs must contain at least one value")] : [];
  if (nonResourceURLs.length > 0) {
    const field = `${path}.nonResourceURLs`;
    if (namespaced) {
      errors.push(invalid(field, nonResourceURLs, "namespaced rules cannot apply to non-resource URLs"));
    }
    if (apiGroups.length > 0 || resources.length > 0 || resourceNames.length > 0) {
      const problem = "rules cannot apply to both regular resources and non-resource URLs";
      errors.push(invalid(field, nonResourceURLs, problem));
    }
    return errors;
  }
  if (apiGroups.length === 0) {
    errors.push(required(`${path}.apiGroups`, "resource rules must supply at least one api group"));
  }
  if (resources.length === 0) {
    errors.push(required(`${path}.resources`, "resource rules must supply at least one resource"));
  }
  return errors;
}

function validateAggregation(rule: ClusterRole["aggregationRule"]): FieldError[] {
  if (rule === undefined) return [];
  const field = "aggregationRule.clusterRoleSelectors";
  const selectors = rule.clusterRoleSelectors ?? [];
  if (selectors.length === 0) {
    return [required(field, "at least one clusterRoleSelector required if aggregationRule is non-nil")];
  }
  return selectors.flatMap((selector, index) => validateLabelSelector(`${field}[${index}]`, selector));
}
