import type { Store } from "../storage/store.ts";
import { type Answer, jsonAnswer } from "./answer.ts";
import type { RequestInfo } from "./request-info.ts";

/**
 * There are no custom resources here, and kubectl (1.28 and later, before it validates a kind that it does not find) asks for their list. An
 * empty one lets it say that there is no such kind; 404 made it advise to turn validation off.
 */
export function noCustomResources(store: Pick<Store, "revision">) {
  return async ({ verb, resource }: RequestInfo): Promise<Answer | undefined> => {
    if (verb !== "list" || resource?.group !== "apiextensions.k8s.io" || resource.version !== "v1") return undefined;
    if (resource.plural !== "customresourcedefinitions") return undefined;
    return jsonAnswer(200, {
      kind: "CustomResourceDefinitionList",
      apiVersion: "apiextensions.k8s.io/v1",
      metadata: { resourceVersion: String(store.revision) },
      items: [],
    });
  };
}
