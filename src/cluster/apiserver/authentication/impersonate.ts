import type { Incoming, User } from "../answer.ts";
import { refusal } from "../authorization/attributes.ts";
import type { Authorizer } from "../authorization/authorizer.ts";
import { badRequest } from "../status.ts";

const serviceAccountPrefix = "system:serviceaccount:";

/**
 * `kubectl --as NAME --as-group GROUP`: the request counts as somebody else's when its sender holds the verb impersonate on that user, and on
 * each of the groups. Throws 403, or 400 for headers that are refused rather than passed over in silence.
 */
export function impersonate(authorizer: Authorizer, sender: User, headers: Incoming["headers"]): User {
  const name = headers["impersonate-user"];
  const unsupported = Object.keys(headers).find(
    (header) => header === "impersonate-uid" || header.startsWith("impersonate-extra-"),
  );
  if (unsupported !== undefined) throw badRequest(`the header ${unsupported} is not supported`);
  // Node joins repeated headers with a comma and a space, and no group's name holds them.
  const groups = headers["impersonate-group"]?.split(", ") ?? [];
  if (name === undefined || name === "") {
    if (groups.length > 0)
      throw badRequest("requested groups for impersonation, but no user: set Impersonate-User too");
    return sender;
  }
  const [namespace = "", account = ""] = name.startsWith(serviceAccountPrefix)
    ? name.slice(serviceAccountPrefix.length).split(":")
    : [];
  if (account === "") check(authorizer, sender, "users", name);
  else check(authorizer, sender, "serviceaccounts", account, namespace);
  for (const group of groups) check(authorizer, sender, "groups", group);
  if (account === "") return { name, groups };
  // The groups that the account is in by itself need no right of their own.
  return { name, groups: [...groups, "system:serviceaccounts", `system:serviceaccounts:${namespace}`] };
}

function check(authorizer: Authorizer, sender: User, resource: string, name: string, namespace = ""): void {
  const asked = { verb: "impersonate", group: "", resource, subresource: "", namespace, name, fieldSelector: "" };
  if (!authorizer.allows(sender, asked)) throw refusal(sender, asked);
}
