import type { Namespace } from "../../../kubernetes/types.ts";
import type { KindHooks } from "../registry.ts";
import { forbidden } from "../status.ts";

/** What the cluster itself lives in. */
const permanent = new Set(["default", "kube-system", "kube-public", "kube-node-lease"]);

/** A Namespace that is deleted is Terminating until the namespace controller has emptied it and takes the finalizer out of its spec. */
export function namespaceHooks(): KindHooks {
  return {
    admitDelete({ metadata }) {
      const { name = "" } = metadata;
      if (permanent.has(name)) {
        throw forbidden({ group: "", plural: "namespaces" }, name, "this namespace may not be deleted");
      }
    },
    startDeletion(object) {
      const namespace = object as Namespace;
      namespace.status = { ...namespace.status, phase: "Terminating" };
    },
    isHeld: (object) => ((object as Namespace).spec?.finalizers ?? []).length > 0,
  };
}
