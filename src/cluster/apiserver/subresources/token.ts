import type { Pod } from "../../../kubernetes/types.ts";
import type { Stored } from "../../storage/entry.ts";
import { type Answer, jsonAnswer } from "../answer.ts";
import type { Identified, ServiceAccountTokens, TokenSubject } from "../authentication/service-account-tokens.ts";
import { nodeOf } from "../authorization/node.ts";
import { parseBody } from "../body.ts";
import type { ResourceCall } from "../context.ts";
import { timestamp } from "../context.ts";
import type { FieldError } from "../kinds/descriptor.ts";
import { invalid as invalidField } from "../kinds/validation/errors.ts";
import { readWriteOptions } from "../resource-call.ts";
import { badRequest, conflict, forbidden, invalid, methodNotAllowed, notFound } from "../status.ts";

const minSeconds = 600;
const maxSeconds = 2 ** 32;
const defaultSeconds = 3600;
const resource = { group: "authentication.k8s.io", kind: "TokenRequest" };

/** POST of serviceaccounts/NAME/token: a TokenRequest, answered with the token in its status. */
export function createTokenSubresource(tokens: ServiceAccountTokens) {
  return async (call: ResourceCall): Promise<Answer> => {
    const { context, kind, info, incoming, user } = call;
    if (info.verb !== "create") throw methodNotAllowed(kind.resource, info.verb);
    readWriteOptions(call);
    const { namespace, name } = info.resource;
    const account = kind.collection.get(`${namespace}/${name}`)?.object;
    if (account === undefined) throw notFound(kind.resource, name);
    const bytes = await incoming.body();
    const body = bytes.length === 0 ? {} : (await parseBody(bytes, incoming.headers["content-type"])).value;
    const { audiences, seconds, bound } = readTokenRequest(body, tokens.issuer);
    const node = nodeOf(user);
    if (node !== undefined && bound?.kind !== "Pod") {
      throw forbidden(kind.resource, name, `node requested token not bound to a pod`);
    }
    const subject: TokenSubject = { namespace, serviceAccount: identify(account) };
    if (bound !== undefined) {
      const pod = boundPod(call, bound);
      if (node !== undefined && pod.spec?.nodeName !== node) {
        throw forbidden(kind.resource, name, "node requested token bound to a pod scheduled on a different node");
      }
      if ((pod.spec?.serviceAccountName ?? "default") !== name) {
        throw forbidden(kind.resource, name, `pod ${bound.name} does not use service account ${name}`);
      }
      subject.pod = identify(pod as Stored);
      if (pod.spec?.nodeName) {
        const uid = context.store.collection("nodes").get(pod.spec.nodeName)?.object.metadata.uid;
        subject.node = { name: pod.spec.nodeName, uid };
      }
    }
    const { token, expires } = tokens.issue(subject, audiences, seconds);
    return jsonAnswer(201, {
      kind: "TokenRequest",
      apiVersion: "authentication.k8s.io/v1",
      metadata: { name, namespace, creationTimestamp: timestamp(context.now()) },
      spec: { audiences, expirationSeconds: seconds, boundObjectRef: bound ?? null },
      status: { token, expirationTimestamp: timestamp(expires) },
    });
  };
}

interface BoundObject {
  kind: string;
  apiVersion: string;
  name: string;
  uid: string;
}

function boundPod({ context, info }: ResourceCall, bound: BoundObject): Pod {
  const { namespace } = info.resource;
  if (bound.kind !== "Pod" || bound.apiVersion !== "v1") {
    throw badRequest(`cannot bind token for object of type ${bound.apiVersion}, Kind=${bound.kind}: use a v1 Pod`);
  }
  const pod = context.store.collection("pods").get(`${namespace}/${bound.name}`)?.object;
  const pods = { group: "", plural: "pods" };
  if (pod === undefined) throw notFound(pods, bound.name);
  if (bound.uid !== "" && bound.uid !== pod.metadata.uid) {
    const why = `the UID in the bound object reference (${bound.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict(pods, bound.name, why);
  }
  return pod as Pod;
}

function identify({ metadata }: Stored): Identified {
  return { name: metadata.name ?? "", uid: metadata.uid ?? "" };
}

function readTokenRequest(body: unknown, issuer: string) {
  const { kind, spec } = (body ?? {}) as Record<string, unknown>;
  if (kind !== undefined && kind !== "TokenRequest") {
    throw badRequest(`expected a TokenRequest, found ${JSON.stringify(kind)}`);
  }
  const given = (spec ?? {}) as Record<string, unknown>;
  const errors: FieldError[] = [];
  const seconds = given.expirationSeconds ?? defaultSeconds;
  if (typeof seconds !== "number" || !Number.isInteger(seconds) || seconds < minSeconds) {
    errors.push(invalidField("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes"));
  } else if (seconds > maxSeconds) {
    errors.push(invalidField("spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds"));
  }
  const audiences = given.audiences ?? [];
  if (!Array.isArray(audiences) || audiences.length > 32 || !audiences.every((entry) => typeof entry === "string")) {
    errors.push(invalidField("spec.audiences", audiences, "must be a list of at most 32 strings"));
  }
  if (errors.length > 0) throw invalid(resource, "", errors);
  const list = audiences as string[];
  return {
    audiences: list.length === 0 ? [issuer] : list,
    seconds: seconds as number,
    bound: readBound(given.boundObjectRef),
  };
}

function readBound(value: unknown): BoundObject | undefined {
  if (value === undefined || value === null) return undefined;
  const { kind, apiVersion, name, uid } = value as Record<string, unknown>;
  const text = (part: unknown) => (typeof part === "string" ? part : "");
  return { kind: text(kind), apiVersion: text(apiVersion), name: text(name), uid: text(uid) };
}
