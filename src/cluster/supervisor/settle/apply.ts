import type { KubernetesClient } from "../../../kubernetes/client.ts";
import { isAlreadyExists } from "../../../kubernetes/errors.ts";
import type { KubernetesObject } from "../../../kubernetes/types.ts";
import { type Manifest, ManifestError } from "./manifests.ts";

/** Creates an object, or brings the one that exists to what the manifest says (fields it does not name stay). */
export async function applyManifest(client: KubernetesClient, manifest: Manifest): Promise<string> {
  const { resource, object, source } = manifest;
  const { name } = object.metadata;
  const namespace = resource.namespaced ? (object.metadata.namespace ?? "default") : undefined;
  const label = `${resource.kind.toLowerCase()}/${name}`;
  try {
    await client.create<KubernetesObject>(resource, object, { namespace });
    return `${label} created`;
  } catch (error) {
    if (!isAlreadyExists(error)) throw new ManifestError(`${source}: ${(error as Error).message}`);
  }
  try {
    await client.patch(resource, name, object, { namespace, type: "strategic" });
    return `${label} configured`;
  } catch (error) {
    throw new ManifestError(`${source}: ${(error as Error).message}`);
  }
}
