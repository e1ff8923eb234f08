import type { Resource } from "../../kubernetes/resource.ts";
import type { KubernetesObject } from "../../kubernetes/types.ts";
import type { Entry, Stored } from "../storage/entry.ts";
import type { ApiContext } from "./context.ts";
import { createObject } from "./create.ts";
import { keyOfObject, type ServedKind } from "./registry.ts";
import { mainUpdate, updateObject } from "./update.ts";
import { copyOf } from "./write.ts";

const systemUser = { name: "system:apiserver", groups: ["system:masters"] };

/** Creates the object, or brings an existing one to what it should be. */
export async function ensure<T extends KubernetesObject>(
  context: ApiContext,
  resource: Resource,
  wanted: T,
  adjust: (existing: T) => void = () => {},
): Promise<void> {
  const kind: ServedKind = context.registry.get(resource);
  const { namespace = "", name = "" } = wanted.metadata ?? {};
  const options = { user: systemUser, dryRun: false, validation: "Strict" as const, warnings: [] };
  const { group, version } = resource;
  const apiVersion = group === "" ? version : `${group}/${version}`;
  const object = structuredClone({ apiVersion, kind: resource.kind, ...wanted }) as unknown as Stored;
  if (kind.collection.latest(keyOfObject(resource, object)) === undefined) {
    await createObject(context, kind, object, { namespace, name: "" }, options);
    return;
  }
  const change = (old: Entry) => {
    const copy = copyOf<Stored>(old);
    adjust(copy as unknown as T);
    return copy;
  };
  await updateObject(context, kind, { namespace, name }, change, mainUpdate(kind), options);
}
