import type { PolicyRule } from "../../../kubernetes/types.ts";
import { type Attributes, isResource } from "./attributes.ts";

/** Whether a rule allows it (kubernetes/pkg/registry/rbac: rules only ever allow). */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false;
  if (!isResource(attributes)) return pathMatches(rule.nonResourceURLs, attributes.path);
  const { group, resource, subresource, name } = attributes;
  if (!has(rule.apiGroups, group)) return false;
  if (!resourceMatches(rule.resources, resource, subresource)) return false;
  // A create has no name yet, so a rule with names never allows one.
  return (rule.resourceNames ?? []).length === 0 || (name !== "" && rule.resourceNames!.includes(name));
}

function has(list: string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes("*") || list.includes(value));
}

function resourceMatches(list: string[] | undefined, resource: string, subresource: string): boolean {
  if (list === undefined) return false;
  if (list.includes("*")) return true;
  if (subresource === "") return list.includes(resource);
  return list.includes(`${resource}/${subresource}`) || list.includes(`*/${subresource}`);
}

function pathMatches(list: string[] | undefined, path: string): boolean {
  return (list ?? []).some(
    (url) => url === "*" || url === path || (url.endsWith("*") && path.startsWith(url.slice(0, -1))),
  );
}

/**
 * What of `wanted` none of `held` covers. Used to keep people from granting more than they have: each combination that a rule stands for
 * must be allowed by one rule that they hold.
 */
export function uncovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((simple) => !held.some((rule) => covers(rule, simple)));
}

/** Rules of one verb, group, resource and name each. */
function breakDown(rule: PolicyRule): PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], nonResourceURLs = [] } = rule;
  const names = (rule.resourceNames ?? []).length === 0 ? [undefined] : rule.resourceNames!;
  const simple: PolicyRule[] = [];
  for (const verb of verbs) {
    for (const url of nonResourceURLs) simple.push({ verbs: [verb], nonResourceURLs: [url] });
    for (const group of apiGroups) {
      for (const resource of resources) {
        for (const name of names) {
          const resourceNames = name === undefined ? undefined : [name];
          simple.push({ verbs: [verb], apiGroups: [group], resources: [resource], resourceNames });
        }
      }
    }
  }
  return simple;
}

function covers(rule: PolicyRule, simple: PolicyRule): boolean {
  if (!has(rule.verbs, simple.verbs[0]!)) return false;
  const url = simple.nonResourceURLs?.[0];
  if (url !== undefined) return pathMatches(rule.nonResourceURLs, url);
  if (!has(rule.apiGroups, simple.apiGroups![0]!)) return false;
  const [resource = "", subresource = ""] = simple.resources![0]!.split("/");
  if (!resourceMatches(rule.resources, resource, subresource)) return false;
  const names = rule.resourceNames ?? [];
  return names.length === 0 || (simple.resourceNames !== undefined && names.includes(simple.resourceNames[0]!));
}
