import type { LabelSelector, PodTemplateSpec } from "../../../../kubernetes/types.ts";

/** "app=web,tier=front", sorted by key; "<none>" when there is nothing. */
export function labelsCell(labels: Record<string, string> | undefined): string {
  const pairs = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length === 0 ? "<none>" : pairs.map(([key, value]) => `${key}=${value}`).join(",");
}

/** A label selector in the form of `kubectl get -l`. */
export function selectorCell(selector: LabelSelector | undefined): string {
  const parts = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` }));
  for (const { key, operator, values } of selector?.matchExpressions ?? []) {
    const list = [...(values ?? [])].sort().join(",");
    if (operator === "In") parts.push({ key, text: `${key} in (${list})` });
    else if (operator === "NotIn") parts.push({ key, text: `${key} notin (${list})` });
    else parts.push({ key, text: operator === "DoesNotExist" ? `!${key}` : key });
  }
  if (parts.length === 0) return "<none>";
  return parts
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map((part) => part.text)
    .join(",");
}

/** The wide cells Containers, Images and Selector. */
export function workloadCells(template: PodTemplateSpec | undefined, selector: LabelSelector | undefined): string[] {
  const containers = template?.spec?.containers ?? [];
  return [
    containers.map((container) => container.name).join(","),
    containers.map((container) => container.image ?? "").join(","),
    selectorCell(selector),
  ];
}

/** The first `limit` texts joined with "," and the number of the others; `empty` when there is none. */
export function limitedCell(texts: string[], limit: number, empty: string): string {
  if (texts.length === 0) return empty;
  const shown = texts.slice(0, limit).join(",");
  return texts.length > limit ? `${shown} + ${texts.length - limit} more...` : shown;
}

/** "10.0.0.1:80", "[fd00::1]:80". */
export function hostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
