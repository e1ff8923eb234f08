import type { Answer } from "../answer.ts";
import type { ResourceCall } from "../resource-call.ts";
import { answerBinding } from "./binding.ts";
import { answerFinalize } from "./finalize.ts";

export type Subresource = (call: ResourceCall) => Promise<Answer>;

/** Subresources besides /status and /scale. api-resources.ts tells clients of the same ones. */
export function createSubresources(): Map<string, Subresource> {
  return new Map<string, Subresource>([
    ["namespaces/finalize", answerFinalize],
    ["pods/binding", answerBinding],
  ]);
}
