import type { Pod } from "../../../kubernetes/types.ts";
import type { Store } from "../../storage/store.ts";
import { badRequest, notFound } from "../status.ts";

/** Where a container runs. */
export interface ContainerLocation {
  node: string;
  namespace: string;
  pod: string;
  container: string;
}

/** Finds the container that a request means; the name may be left out when there is only one. Throws 404 or 400 in Kubernetes' words. */
export function locateContainer(
  store: Store,
  namespace: string,
  name: string,
  wanted: string | null,
): ContainerLocation {
  const pod = store.collection("pods").get(`${namespace}/${name}`)?.object as Pod | undefined;
  if (pod === undefined) throw notFound({ group: "", plural: "pods" }, name);
  const own = (pod.spec?.containers ?? []).map((container) => container.name);
  const init = (pod.spec?.initContainers ?? []).map((container) => container.name);
  const container = wanted || (own.length === 1 ? own[0]! : "");
  if (container === "") {
    const first = `a container name must be specified for pod ${name}, choose one of: [${own.join(" ")}]`;
    throw badRequest(init.length === 0 ? first : `${first} or one of the init containers: [${init.join(" ")}]`);
  }
  if (!own.includes(container) && !init.includes(container)) {
    throw badRequest(`container ${container} is not valid for pod ${name}`);
  }
  const node = pod.spec?.nodeName;
  if (!node) throw badRequest(`pod ${name} does not have a host assigned`);
  return { node, namespace, pod: name, container };
}

/** The path of an agent's server, as kubelet has it. */
export function agentPath(kind: "containerLogs" | "exec", location: ContainerLocation, query: string): string {
  const parts = [location.namespace, location.pod, location.container].map(encodeURIComponent);
  return `/${kind}/${parts.join("/")}${query === "" ? "" : `?${query}`}`;
}
