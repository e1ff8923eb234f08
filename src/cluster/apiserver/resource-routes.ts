import type { Entry } from "../storage/entry.ts";
import { type Answer, type Incoming, jsonAnswer, type User } from "./answer.ts";
import { parseBody } from "./body.ts";
import type { ApiContext, ResourceCall } from "./context.ts";
import { createObject } from "./create.ts";
import { deleteObject } from "./delete.ts";
import { deleteCollection } from "./delete-collection.ts";
import { negotiate, parseMediaType } from "./negotiation.ts";
import { patcherFor } from "./patch/apply.ts";
import { getObject, listObjects } from "./read.ts";
import { representEntry } from "./represent.ts";
import type { RequestInfo, ResourceRequest } from "./request-info.ts";
import { answerWritten, readDelete, readWriteOptions } from "./resource-call.ts";
import { methodNotAllowed, pathNotFound, success } from "./status.ts";
import { mainUpdate, statusUpdate, type UpdateStrategy, updateObject } from "./update.ts";
import { watchObjects } from "./watch.ts";
import { copyOf, decodeObject } from "./write.ts";

/** Routes a request for a resource by verb and subresource. Throws a StatusError. */
export async function answerResource(
  context: ApiContext,
  info: RequestInfo & { resource: ResourceRequest },
  user: User,
  incoming: Incoming,
): Promise<Answer> {
  const kind = context.registry.get(info.resource);
  const call: ResourceCall = { context, kind, info, user, incoming };
  const { subresource, namespace } = info.resource;
  if (!kind.resource.namespaced && namespace !== "") throw pathNotFound();
  if (subresource === "") return answerMain(call);
  const special = context.subresources.get(`${kind.resource.plural}/${subresource}`);
  if (special !== undefined) return special(call);
  if (subresource === "status" && kind.descriptor.hasStatus) return answerStatus(call);
  if (subresource === "scale" && kind.descriptor.scale !== undefined) {
    return (await import("./scale.ts")).answerScale(call);
  }
  throw pathNotFound();
}

function answerMain(call: ResourceCall): Answer | Promise<Answer> {
  const { context, kind, info, incoming } = call;
  const { accept } = incoming.headers;
  if (
    kind.resource.namespaced &&
    info.resource.namespace === "" &&
    (info.resource.name !== "" || info.verb === "create")
  ) {
    throw pathNotFound();
  }
  switch (info.verb) {
    case "get":
      return getObject(context, kind, info.resource, info, accept);
    case "list":
      return listObjects(context, kind, info.resource, info, accept);
    case "watch":
      return watchObjects(context, kind, info.resource, info, accept, incoming.signal);
    case "create":
      return answerCreate(call);
    case "update":
      return answerUpdate(call, mainUpdate(kind));
    case "patch":
      return answerPatch(call, mainUpdate(kind));
    case "delete":
      return answerDelete(call);
    case "deletecollection":
      return deleteCollection(call);
    default:
      throw methodNotAllowed(kind.resource, info.verb);
  }
}

function answerStatus(call: ResourceCall): Answer | Promise<Answer> {
  const { context, kind, info, incoming } = call;
  switch (info.verb) {
    case "get":
      return getObject(context, kind, info.resource, info, incoming.headers.accept);
    case "update":
      return answerUpdate(call, statusUpdate);
    case "patch":
      return answerPatch(call, statusUpdate);
    default:
      throw methodNotAllowed(kind.resource, info.verb);
  }
}

async function answerCreate(call: ResourceCall): Promise<Answer> {
  const { context, kind, info, incoming } = call;
  // A name on the URL of a POST is the name of an object: there is nothing to create below it.
  if (info.resource.name !== "") throw methodNotAllowed(kind.resource, "create");
  const options = readWriteOptions(call);
  const { value, duplicates } = await parseBody(await incoming.body(), incoming.headers["content-type"]);
  const object = decodeObject(kind, value, duplicates, options);
  const written = await createObject(context, kind, object, info.resource, options);
  return answerWritten(call, 201, written, options);
}

async function answerUpdate(call: ResourceCall, strategy: UpdateStrategy): Promise<Answer> {
  const { context, kind, info, incoming } = call;
  const options = readWriteOptions(call);
  const { value, duplicates } = await parseBody(await incoming.body(), incoming.headers["content-type"]);
  const object = decodeObject(kind, value, duplicates, options);
  const written = await updateObject(context, kind, info.resource, () => object, strategy, options);
  return answerWritten(call, 200, written, options);
}

async function answerPatch(call: ResourceCall, strategy: UpdateStrategy): Promise<Answer> {
  const { context, kind, info, incoming } = call;
  const options = readWriteOptions(call);
  const { type } = parseMediaType(incoming.headers["content-type"] ?? "");
  if (!type.endsWith("-patch+json")) patcherFor(type, { value: {}, duplicates: [] }, kind.descriptor);
  const body = await parseBody(await incoming.body(), type);
  const patcher = patcherFor(type, body, kind.descriptor);
  const change = (old: Entry) => {
    const patched = patcher(copyOf(old));
    return decodeObject(kind, patched, body.duplicates, options);
  };
  const written = await updateObject(context, kind, info.resource, change, strategy, options);
  return answerWritten(call, 200, written, options);
}

async function answerDelete(call: ResourceCall): Promise<Answer> {
  const { context, kind, info, incoming, user } = call;
  const request = await readDelete(call);
  const { entry, removed } = await deleteObject(context, kind, info.resource, request, user);
  if (!removed)
    return representEntry(200, entry, kind.descriptor, negotiate(incoming.headers.accept, info.query), context.now());
  const { group, plural } = kind.resource;
  return jsonAnswer(
    200,
    success({ name: info.resource.name, group: group || undefined, kind: plural, uid: entry.object.metadata.uid }),
  );
}
