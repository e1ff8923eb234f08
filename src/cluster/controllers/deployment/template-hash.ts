import type { PodTemplateSpec } from "../../../kubernetes/types.ts";
import { equal } from "../shared/equal.ts";

export const hashLabel = "pod-template-hash";
/** Without vowels and look-alikes, as Kubernetes' SafeEncodeString: a name never spells a word. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/**
 * The value of pod-template-hash: FNV-1a (32 bits) of the template as JSON with sorted keys, with the collision count behind it. The same
 * template always gives the same hash; the values differ from Kubernetes', which hashes Go's print of the structure.
 */
export function templateHash(template: PodTemplateSpec | undefined, collisionCount = 0): string {
  let hash = 0x811c9dc5;
  const text = canonical(template ?? {}) + (collisionCount > 0 ? String(collisionCount) : "");
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return [...String(hash)].map((digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join("");
}

/** Whether two templates make the same Pods: equal but for the hash label, which the Deployment controller itself adds. */
export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return equal(withoutHash(a), withoutHash(b));
}

export function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec {
  const { [hashLabel]: _, ...labels } = template?.metadata?.labels ?? {};
  return { ...template, metadata: { ...template?.metadata, labels } };
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(",")}}`;
}
