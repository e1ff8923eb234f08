import { type Answer, jsonAnswer } from "../answer.ts";
import { parseBody } from "../body.ts";
import type { ResourceCall } from "../context.ts";
import { deleteObject } from "../delete.ts";
import { readDeleteRequest } from "../delete-request.ts";
import { readWriteOptions } from "../resource-call.ts";
import { badRequest, methodNotAllowed, success } from "../status.ts";

/** POST of pods/NAME/eviction: a deletion that a disruption budget could refuse; this server has no such kind, so none ever does. */
export async function answerEviction(call: ResourceCall): Promise<Answer> {
  const { context, kind, info, incoming, user } = call;
  if (info.verb !== "create") throw methodNotAllowed(kind.resource, info.verb);
  const { dryRun } = readWriteOptions(call);
  const { value } = await parseBody(await incoming.body(), incoming.headers["content-type"]);
  const { kind: given, deleteOptions } = (value ?? {}) as Record<string, unknown>;
  if (given !== undefined && given !== "Eviction")
    throw badRequest(`expected an Eviction, found ${JSON.stringify(given)}`);
  const request = readDeleteRequest(deleteOptions, new URLSearchParams());
  await deleteObject(context, kind, info.resource, { ...request, dryRun: dryRun || request.dryRun }, user);
  return jsonAnswer(201, { ...success(undefined), code: 201 });
}
