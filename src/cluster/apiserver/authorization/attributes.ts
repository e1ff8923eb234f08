import type { User } from "../answer.ts";
import type { RequestInfo } from "../request-info.ts";
import { selectedName } from "../selectors.ts";
import { forbidden, forbiddenPath } from "../status.ts";

/** What somebody wants to do, in the terms of authorization. */
export type Attributes = ResourceAttributes | PathAttributes;

export interface ResourceAttributes {
  verb: string;
  group: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  /** As sent; the node authorizer wants to see that a list is limited to a node. */
  fieldSelector: string;
}

export interface PathAttributes {
  verb: string;
  path: string;
}

/** What a request wants to do. */
export function attributesOf({ verb, path, resource, query }: RequestInfo): Attributes {
  if (resource === undefined) return { verb, path };
  const { group, plural, subresource, namespace, name } = resource;
  const fieldSelector = name === "" && verb !== "create" ? (query.get("fieldSelector") ?? "") : "";
  return {
    // From Kubernetes 1.35 on exec and attach need create, whichever HTTP method opens the stream.
    verb: plural === "pods" && (subresource === "exec" || subresource === "attach") ? "create" : verb,
    group,
    resource: plural,
    subresource,
    // A Namespace is in itself, so that a Role in it can give rights on it.
    namespace: group === "" && plural === "namespaces" ? name : namespace,
    name: name !== "" ? name : selectedName(fieldSelector),
    fieldSelector,
  };
}

export function isResource(attributes: Attributes): attributes is ResourceAttributes {
  return "resource" in attributes;
}

/** The answer to somebody who may not, in Kubernetes' words. */
export function refusal(user: User, attributes: Attributes, reason?: string) {
  const because = reason === undefined ? "" : `: ${reason}`;
  const who = `User ${JSON.stringify(user.name)}`;
  if (!isResource(attributes)) {
    const { verb, path } = attributes;
    return forbiddenPath(`${who} cannot ${verb} path ${JSON.stringify(path)}${because}`);
  }
  const { verb, group, resource, subresource, namespace, name } = attributes;
  const what = subresource === "" ? resource : `${resource}/${subresource}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`;
  return forbidden(
    { group, plural: resource },
    name,
    `${who} cannot ${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}${because}`,
  );
}
