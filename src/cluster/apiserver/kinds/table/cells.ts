import { fromLabelSelector } from "../../../../kubernetes/label-selector.ts";
import { SelectorError } from "../../../../kubernetes/requirement.ts";
import { formatLabelSelector } from "../../../../kubernetes/selector-string.ts";
import type { LabelSelector, PodTemplateSpec } from "../../../../kubernetes/types.ts";

/** "app=web,tier=front", sorted by key; "<none>" when there is nothing. */
export function labelsCell(labels: Record<string, string> | undefined): string {
  const pairs = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length === 0 ? "<none>" : pairs.map(([key, value]) => `${key}=${value}`).join(",");
}

/** A label selector in the form of `kubectl get -l`, "<error>" for one that validation would refuse. */
export function selectorCell(selector: LabelSelector | undefined): string {
  try {
    const requirements = [...(fromLabelSelector(selector) ?? [])].sort((a, b) => (a.key < b.key ? -1 : 1));
    return formatLabelSelector(requirements) || "<none>";
  } catch (error) {
    if (error instanceof SelectorError) return "<error>";
    throw error;
  }
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
export function hostPort(host = "", port = 0): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
