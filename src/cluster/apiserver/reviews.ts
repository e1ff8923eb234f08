import { type Answer, type Incoming, jsonAnswer, type User } from "./answer.ts";
import type { ServiceAccountTokens } from "./authentication/service-account-tokens.ts";
import type { Attributes } from "./authorization/attributes.ts";
import type { Authorizer } from "./authorization/authorizer.ts";
import { parseBody } from "./body.ts";
import type { RequestInfo } from "./request-info.ts";
import { badRequest, methodNotAllowed } from "./status.ts";

type Fields = Record<string, unknown>;
type Review = (spec: Fields, user: User, namespace: string) => Fields;

/**
 * Questions about identities and rights: a POST is answered with the same object and a status, and nothing is stored. undefined for requests
 * that are no review.
 */
export function createReviews(authorizer: Authorizer, tokens: ServiceAccountTokens) {
  const mayOther = (spec: Fields, user: User) => ({
    allowed: authorizer.allows(user, attributesOf(spec)),
  });
  const reviews: Record<string, { kind: string; answer: Review }> = {
    "authorization.k8s.io/selfsubjectaccessreviews": { kind: "SelfSubjectAccessReview", answer: mayOther },
    "authorization.k8s.io/subjectaccessreviews": {
      kind: "SubjectAccessReview",
      answer: (spec) => mayOther(spec, subjectOf(spec)),
    },
    "authorization.k8s.io/localsubjectaccessreviews": {
      kind: "LocalSubjectAccessReview",
      answer: (spec, _user, namespace) => {
        const { resourceAttributes } = spec as { resourceAttributes?: Fields };
        if (resourceAttributes?.namespace !== namespace) {
          throw badRequest("spec.resourceAttributes.namespace must match metadata.namespace");
        }
        return mayOther(spec, subjectOf(spec));
      },
    },
    "authorization.k8s.io/selfsubjectrulesreviews": {
      kind: "SelfSubjectRulesReview",
      answer: (spec, user) => {
        const rules = authorizer.rbac.rulesFor(user, text(spec.namespace));
        const resourceRules = rules.filter(({ resources }) => resources !== undefined);
        const nonResourceRules = rules.filter(({ nonResourceURLs }) => nonResourceURLs !== undefined);
        return { resourceRules, nonResourceRules, incomplete: false };
      },
    },
    "authentication.k8s.io/selfsubjectreviews": {
      kind: "SelfSubjectReview",
      answer: (_spec, user) => ({ userInfo: userInfo(user) }),
    },
    "authentication.k8s.io/tokenreviews": {
      kind: "TokenReview",
      answer: (spec) => {
        const audiences = Array.isArray(spec.audiences) ? spec.audiences.filter((one) => typeof one === "string") : [];
        const asked = audiences.length === 0 ? [tokens.issuer] : audiences;
        const user = tokens.authenticate(text(spec.token), asked);
        if (user === undefined) return { authenticated: false, user: {}, error: "invalid bearer token" };
        return { authenticated: true, user: userInfo(user), audiences: asked };
      },
    },
  };

  return async ({ resource, verb }: RequestInfo, user: User, incoming: Incoming): Promise<Answer | undefined> => {
    if (resource === undefined || resource.version !== "v1") return undefined;
    const path = `${resource.group}/${resource.plural}`;
    const review = Object.hasOwn(reviews, path) ? reviews[path] : undefined;
    if (review === undefined) return undefined;
    if (verb !== "create" || resource.name !== "") throw methodNotAllowed(resource, verb);
    const { value } = await parseBody(await incoming.body(), incoming.headers["content-type"]);
    if (typeof value !== "object" || value === null) throw badRequest(`expected a ${review.kind}`);
    const { spec, metadata } = value as Fields;
    const status = review.answer((spec ?? {}) as Fields, user, resource.namespace);
    return jsonAnswer(201, {
      kind: review.kind,
      apiVersion: `${resource.group}/v1`,
      metadata: metadata ?? {},
      spec: spec ?? {},
      status,
    });
  };
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: Fields): Attributes {
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    throw badRequest("exactly one of spec.resourceAttributes and spec.nonResourceAttributes must be specified");
  }
  if (nonResourceAttributes !== undefined) {
    const { verb, path } = (nonResourceAttributes ?? {}) as Fields;
    return { verb: text(verb), path: text(path) };
  }
  if (typeof resourceAttributes !== "object" || resourceAttributes === null) {
    throw badRequest("exactly one of spec.resourceAttributes and spec.nonResourceAttributes must be specified");
  }
  const { verb, group, resource, subresource, namespace, name } = resourceAttributes as Fields;
  return {
    verb: text(verb),
    group: text(group),
    resource: text(resource),
    subresource: text(subresource),
    namespace: text(namespace),
    name: text(name),
    fieldSelector: "",
  };
}

function subjectOf({ user, groups, uid }: Fields): User {
  const list = Array.isArray(groups) ? groups.filter((group) => typeof group === "string") : [];
  return { name: text(user), uid: text(uid), groups: list };
}

function userInfo({ name, uid, groups, extra }: User): Fields {
  return { username: name, uid, groups: [...groups, "system:authenticated"], extra };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
