import type { Entry, Stored } from "../storage/entry.ts";
import { type Answer, jsonAnswer } from "./answer.ts";
import { parseBody } from "./body.ts";
import type { ResourceCall } from "./context.ts";
import { timestamp } from "./context.ts";
import type { KindDescriptor } from "./kinds/descriptor.ts";
import { parseMediaType } from "./negotiation.ts";
import { patcherFor } from "./patch/apply.ts";
import { keyOf } from "./registry.ts";
import { readWriteOptions } from "./resource-call.ts";
import { badRequest, invalid, methodNotAllowed, notFound } from "./status.ts";
import { mainUpdate, updateObject } from "./update.ts";
import { copyOf } from "./write.ts";

const scaleResource = { group: "autoscaling", kind: "Scale" };
/** Scale has no lists to merge: a strategic merge patch of it is a merge patch. */
const scaleSchema: KindDescriptor["schema"] = { type: "any" };

/** GET, PUT and PATCH of /scale: an autoscaling/v1 Scale that stands for one number of the object. */
export async function answerScale(call: ResourceCall): Promise<Answer> {
  const { context, kind, info, incoming } = call;
  const { namespace, name } = info.resource;
  if (info.verb === "get") {
    const entry = kind.collection.get(keyOf(kind.resource, namespace, name));
    if (entry === undefined) throw notFound(kind.resource, name);
    return jsonAnswer(200, scaleOf(kind.descriptor, entry.object));
  }
  if (info.verb !== "update" && info.verb !== "patch") throw methodNotAllowed(kind.resource, info.verb);
  const options = readWriteOptions(call);
  const { type } = parseMediaType(incoming.headers["content-type"] ?? "application/json");
  const body = await parseBody(await incoming.body(), type);
  const patcher =
    info.verb === "patch"
      ? patcherFor(type, body, { resource: { ...kind.resource, ...scaleResource }, schema: scaleSchema })
      : () => body.value;
  const change = (old: Entry): Stored => {
    const wanted = readScale(patcher({ ...scaleOf(kind.descriptor, old.object) }), name);
    const object = copyOf<Stored>(old);
    kind.descriptor.scale!.set(object, wanted.replicas);
    if (wanted.resourceVersion !== undefined) object.metadata.resourceVersion = wanted.resourceVersion;
    return object;
  };
  const { entry } = await updateObject(context, kind, info.resource, change, mainUpdate(kind), options);
  return jsonAnswer(200, scaleOf(kind.descriptor, entry.object));
}

function scaleOf({ scale }: KindDescriptor, object: Stored) {
  const { replicas, statusReplicas, selector } = scale!.get(object);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp: creationTimestamp ?? timestamp(0) },
    spec: { replicas },
    status: { replicas: statusReplicas, selector },
  };
}

function readScale(value: unknown, name: string): { replicas: number; resourceVersion?: string } {
  const { kind, spec, metadata } = (value ?? {}) as Record<string, unknown>;
  if (kind !== undefined && kind !== "Scale") throw badRequest(`expected a Scale, found ${JSON.stringify(kind)}`);
  const replicas = (spec as { replicas?: unknown } | undefined)?.replicas ?? 0;
  if (typeof replicas !== "number" || !Number.isInteger(replicas) || replicas >= 2 ** 31) {
    throw badRequest(
      `Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal ${JSON.stringify(replicas)} into Go struct field ScaleSpec.spec.replicas of type int32`,
    );
  }
  if (replicas < 0) {
    const message = `Invalid value: ${replicas}: must be greater than or equal to 0`;
    throw invalid(scaleResource, name, [{ reason: "FieldValueInvalid", field: "spec.replicas", message }]);
  }
  const version = (metadata as { resourceVersion?: unknown } | undefined)?.resourceVersion;
  return { replicas, resourceVersion: typeof version === "string" && version !== "" ? version : undefined };
}
