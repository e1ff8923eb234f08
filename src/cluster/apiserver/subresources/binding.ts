import type { Pod } from "../../../kubernetes/types.ts";
import type { Stored } from "../../storage/entry.ts";
import { type Answer, jsonAnswer } from "../answer.ts";
import { parseBody } from "../body.ts";
import type { ResourceCall } from "../context.ts";
import { timestamp } from "../context.ts";
import { keyOf } from "../registry.ts";
import { readWriteOptions } from "../resource-call.ts";
import { badRequest, conflict, invalid, methodNotAllowed, notFound, success } from "../status.ts";
import { type UpdateStrategy, updateObject } from "../update.ts";
import { copyOf } from "../write.ts";

/** POST of pods/NAME/binding: how the scheduler puts a Pod on a node. A Pod is bound once; nobody moves it later. */
export async function answerBinding(call: ResourceCall): Promise<Answer> {
  const { context, kind, info, incoming } = call;
  if (info.verb !== "create") throw methodNotAllowed(kind.resource, info.verb);
  const options = readWriteOptions(call);
  const { value } = await parseBody(await incoming.body(), incoming.headers["content-type"]);
  const { node, uid, annotations } = readBinding(value);
  const { namespace, name } = info.resource;
  if (kind.collection.latest(keyOf(kind.resource, namespace, name)) === undefined) throw notFound(kind.resource, name);
  const bind = (current: { json: string; object: Stored }): Stored => {
    const pod = copyOf<Pod & Stored>(current);
    if (uid !== undefined && uid !== pod.metadata.uid) {
      const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid}`;
      throw conflict({ group: "", plural: "pods/binding" }, name, why);
    }
    if (pod.metadata.deletionTimestamp !== undefined) {
      throw conflict(
        { group: "", plural: "pods/binding" },
        name,
        `pod ${name} is being deleted, cannot be assigned to a host`,
      );
    }
    if (pod.spec?.nodeName) {
      throw conflict(
        { group: "", plural: "pods/binding" },
        name,
        `pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`,
      );
    }
    pod.spec!.nodeName = node;
    if (annotations !== undefined) pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations };
    const scheduled = {
      type: "PodScheduled",
      status: "True",
      lastProbeTime: null as unknown as string,
      lastTransitionTime: timestamp(context.now()),
    };
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== "PodScheduled");
    Object.assign(pod, { status: { ...pod.status, conditions: [...others, scheduled] } });
    return pod;
  };
  await updateObject(context, kind, info.resource, bind, keepAll, options);
  return jsonAnswer(201, { ...success(undefined), code: 201 });
}

/** The change above is the server's own: nothing has to be put back, and a bound Pod's spec is valid because it was before. */
const keepAll: UpdateStrategy = { prepare: () => {}, validate: "nothing" };

interface Binding {
  node: string;
  uid?: string;
  annotations?: Record<string, string>;
}

function readBinding(value: unknown): Binding {
  const { kind, target, metadata } = (value ?? {}) as Record<string, unknown>;
  if (kind !== undefined && kind !== "Binding") throw badRequest(`expected a Binding, found ${JSON.stringify(kind)}`);
  const { name, kind: targetKind } = (target ?? {}) as Record<string, unknown>;
  if (targetKind !== undefined && targetKind !== "" && targetKind !== "Node") {
    throw bindingInvalid(
      "target.kind",
      `Unsupported value: ${JSON.stringify(targetKind)}: supported values: "Node", "<empty>"`,
    );
  }
  if (typeof name !== "string" || name === "") throw bindingInvalid("target.name", "Required value");
  const { uid, annotations } = (metadata ?? {}) as Record<string, unknown>;
  return {
    node: name,
    uid: typeof uid === "string" && uid !== "" ? uid : undefined,
    annotations: isStringMap(annotations) ? annotations : undefined,
  };
}

function bindingInvalid(field: string, message: string) {
  return invalid({ group: "", kind: "Binding" }, "", [{ reason: "FieldValueInvalid", field, message }]);
}

function isStringMap(value: unknown): value is Record<string, string> {
  return (
    typeof value === "object" && value !== null && Object.values(value).every((entry) => typeof entry === "string")
  );
}
