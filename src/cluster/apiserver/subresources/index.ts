import type { Answer } from "../answer.ts";
import type { ServiceAccountTokens } from "../authentication/service-account-tokens.ts";
import type { ResourceCall } from "../context.ts";
import { refuseStream } from "../streaming/exec.ts";
import { createLogSubresource } from "../streaming/logs.ts";
import type { NodeAgents } from "../streaming/node-agents.ts";
import { answerBinding } from "./binding.ts";
import { answerEviction } from "./eviction.ts";
import { answerFinalize } from "./finalize.ts";
import { createTokenSubresource } from "./token.ts";

export type Subresource = (call: ResourceCall) => Promise<Answer>;

/** Subresources besides /status and /scale. api-resources.ts tells clients of the same ones, but for attach, which is refused. */
export function createSubresources(parts: {
  tokens: ServiceAccountTokens;
  agents: NodeAgents;
}): Map<string, Subresource> {
  return new Map<string, Subresource>([
    ["namespaces/finalize", answerFinalize],
    ["pods/attach", refuseStream],
    ["pods/binding", answerBinding],
    ["pods/eviction", answerEviction],
    ["pods/exec", refuseStream],
    ["pods/log", createLogSubresource(parts.agents)],
    ["serviceaccounts/token", createTokenSubresource(parts.tokens)],
  ]);
}
