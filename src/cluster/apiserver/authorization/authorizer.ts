import type { User } from "../answer.ts";
import { type Attributes, refusal } from "./attributes.ts";
import { type NodeAuthorizer, nodeOf } from "./node.ts";
import type { RbacAuthorizer } from "./rbac.ts";

/** All ways to be allowed; one is enough. */
export class Authorizer {
  readonly rbac: RbacAuthorizer;
  readonly node: NodeAuthorizer;

  constructor(rbac: RbacAuthorizer, node: NodeAuthorizer) {
    this.rbac = rbac;
    this.node = node;
  }

  allows(user: User, attributes: Attributes): boolean {
    if (this.rbac.allows(user, attributes)) return true;
    const node = nodeOf(user);
    return node !== undefined && this.node.allows(node, attributes);
  }

  /** Throws 403. */
  check(user: User, attributes: Attributes): void {
    if (!this.allows(user, attributes)) throw refusal(user, attributes);
  }
}
