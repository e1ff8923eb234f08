import type { KubernetesClient } from "../../../kubernetes/client.ts";
import { isAlreadyExists } from "../../../kubernetes/errors.ts";
import type { KubernetesObject } from "../../../kubernetes/types.ts";
import { type Manifest, ManifestError } from "./manifests.ts";
import { persist } from "./wait.ts";

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** With the annotation that `kubectl apply` leaves and looks for, in its form: JSON with sorted keys, the namespace named, and a line end. */
export function withLastApplied<T extends Manifest["object"]>(object: T, namespace: string | undefined): T {
  const { [lastApplied]: _, ...annotations } = object.metadata.annotations ?? {};
  const metadata = { ...object.metadata, annotations, ...(namespace === undefined ? {} : { namespace }) };
  const text = `${JSON.stringify({ ...object, metadata }, sortedKeys)}\n`;
  return { ...object, metadata: { ...metadata, annotations: { ...annotations, [lastApplied]: text } } };
}

function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Creates an object, or brings the one that exists to what the manifest says (fields it does not name stay). While there is no connection it is
 * tried again, until the signal: an object that was created and whose answer was lost exists then, and is brought to the same.
 */
export async function applyManifest(
  client: KubernetesClient,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<string> {
  const { resource, source } = manifest;
  const { name } = manifest.object.metadata;
  const namespace = resource.namespaced ? (manifest.object.metadata.namespace ?? "default") : undefined;
  const object = withLastApplied(manifest.object, namespace);
  const label = `${resource.kind.toLowerCase()}/${name}`;
  try {
    await persist(() => client.create<KubernetesObject>(resource, object, { namespace }), signal);
    return `${label} created`;
  } catch (error) {
    if (!isAlreadyExists(error)) throw new ManifestError(`${source}: ${(error as Error).message}`);
  }
  try {
    await persist(() => client.patch(resource, name, object, { namespace, type: "strategic" }), signal);
    return `${label} configured`;
  } catch (error) {
    throw new ManifestError(`${source}: ${(error as Error).message}`);
  }
}
