import type { User } from "../answer.ts";
import { nodeOf } from "../authorization/node.ts";
import type { KindHooks } from "../registry.ts";
import { forbidden } from "../status.ts";

const nodes = { group: "", plural: "nodes" };

/** A node writes itself only, and does not free itself of taints (NodeRestriction). */
export function nodeHooks(): KindHooks {
  const check = (user: User, name: string) => {
    const node = nodeOf(user);
    if (node !== undefined && node !== name) {
      throw forbidden(
        nodes,
        name,
        `node ${JSON.stringify(node)} is not allowed to modify node ${JSON.stringify(name)}`,
      );
    }
    return node;
  };
  return {
    admitCreate: ({ metadata }, { user }) => void check(user, metadata.name ?? ""),
    admitUpdate(object, old, { user }) {
      if (check(user, object.metadata.name ?? "") === undefined) return;
      const taints = (one: object) => JSON.stringify((one as { spec?: { taints?: unknown } }).spec?.taints ?? []);
      if (taints(object) !== taints(old)) {
        throw forbidden(nodes, object.metadata.name ?? "", "node is not allowed to modify taints");
      }
    },
  };
}
