import { nodeOf } from "../authorization/node.ts";
import type { KindHooks } from "../registry.ts";
import { forbidden } from "../status.ts";

/** A node creates its own Lease only; authorization cannot tell, as a create has no name in its URL. */
export function leaseHooks(): KindHooks {
  return {
    admitCreate({ metadata }, { user }) {
      const node = nodeOf(user);
      if (node !== undefined && node !== metadata.name) {
        throw forbidden(
          { group: "coordination.k8s.io", plural: "leases" },
          metadata.name ?? "",
          `can only access node lease with the same name as the requesting node`,
        );
      }
    },
  };
}
