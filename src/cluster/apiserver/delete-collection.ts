import type { Answer } from "./answer.ts";
import type { ResourceCall } from "./context.ts";
import { deleteObject } from "./delete.ts";
import { negotiate } from "./negotiation.ts";
import { readSelection } from "./read.ts";
import { representList } from "./represent.ts";
import { readDelete } from "./resource-call.ts";

/** DELETE of a collection: one deletion for each object that is selected; what somebody else deletes meanwhile is no error. */
export async function deleteCollection(call: ResourceCall): Promise<Answer> {
  const { context, kind, info, incoming, user } = call;
  const representation = negotiate(incoming.headers.accept, info.query);
  const selection = readSelection(kind, info.resource, info.query);
  const request = await readDelete(call);
  const selected = kind.collection
    .list(selection.prefix)
    .filter((entry) => selection.matches?.(entry.object) !== false && kind.collection.latest(entry.key) !== undefined);
  const deleted = await Promise.all(
    selected.map(({ object: { metadata } }) => {
      const target = { namespace: metadata.namespace ?? "", name: metadata.name ?? "" };
      return deleteObject(context, kind, target, request, user);
    }),
  );
  const entries = deleted.map(({ entry }) => entry);
  const metadata = { resourceVersion: String(context.store.revision) };
  return representList(entries, metadata, kind.descriptor, representation, context.now());
}
