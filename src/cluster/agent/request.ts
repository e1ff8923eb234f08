import type { NodeContext } from "../pods/context.ts";
import type { PodManager } from "../pods/pod-manager.ts";

/** An answer other than success; the API server hands the message on. */
export class RequestError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = "RequestError";
    this.status = status;
  }
}

/** What requests to the agent's server are answered from. */
export interface Target {
  pods: PodManager;
  context: NodeContext;
}
