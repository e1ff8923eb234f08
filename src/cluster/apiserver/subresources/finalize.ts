import type { Namespace } from "../../../kubernetes/types.ts";
import type { Stored } from "../../storage/entry.ts";
import type { Answer } from "../answer.ts";
import { parseBody } from "../body.ts";
import type { ResourceCall } from "../context.ts";
import { answerWritten, readWriteOptions } from "../resource-call.ts";
import { methodNotAllowed } from "../status.ts";
import { type UpdateStrategy, updateObject } from "../update.ts";
import { copyOf, decodeObject } from "../write.ts";

/** PUT of namespaces/NAME/finalize: the only way to change spec.finalizers. The last one gone ends a Namespace that is being deleted. */
export async function answerFinalize(call: ResourceCall): Promise<Answer> {
  const { context, kind, info, incoming } = call;
  if (info.verb !== "update") throw methodNotAllowed(kind.resource, info.verb);
  const options = readWriteOptions(call);
  const { value, duplicates } = await parseBody(await incoming.body(), incoming.headers["content-type"]);
  const object = decodeObject(kind, value, duplicates, options);
  const target = { namespace: "", name: info.resource.name };
  const written = await updateObject(context, kind, target, () => object, finalizeUpdate, options);
  return answerWritten(call, 200, written, options);
}

const finalizeUpdate: UpdateStrategy = {
  prepare(object, old) {
    const { finalizers } = (object as Namespace).spec ?? {};
    const { resourceVersion, uid, name } = object.metadata;
    for (const key of Object.keys(object)) delete (object as unknown as Record<string, unknown>)[key];
    Object.assign(object, copyOf<Stored>(old), { spec: { finalizers } });
    Object.assign(object.metadata, { resourceVersion, uid, name });
  },
  validate: "object",
};
