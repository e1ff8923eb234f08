import type { Collection } from "../storage/collection.ts";
import type { ServedKind } from "./registry.ts";
import { forbidden, notFound } from "./status.ts";

const namespaceResource = { group: "", plural: "namespaces" };

/** Refuses new objects in namespaces that are not there or about to go: the namespace controller must come to an end. */
export function checkNamespace(namespaces: Collection, kind: ServedKind, name: string, namespace: string): void {
  if (!kind.resource.namespaced) return;
  const found = namespaces.latest(namespace);
  if (found === undefined) throw notFound(namespaceResource, namespace);
  if (found.object.metadata.deletionTimestamp === undefined) return;
  throw forbidden(
    kind.resource,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    [
      {
        reason: "NamespaceTerminating",
        message: `namespace ${namespace} is being terminated`,
        field: "metadata.namespace",
      },
    ],
  );
}
