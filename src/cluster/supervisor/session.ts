import { hostPaths } from "../config.ts";
import { askSupervisor, NotRunningError } from "./control.ts";
import { clusterNames, removeLeftovers } from "./leftovers.ts";
import type { ControlRequest } from "./protocol.ts";

/** The cluster that was named is not up. The message says which ones are. */
export class NotUpError extends Error {}

/** Asks the supervisor of a cluster. Rejects with NotUpError when there is none; leftovers of one that was killed are removed on the way. */
export async function ask<T>(name: string, request: ControlRequest, timeout?: number): Promise<T> {
  try {
    return await askSupervisor<T>(hostPaths(name).control, request, timeout);
  } catch (error) {
    if (!(error instanceof NotRunningError)) throw error;
    throw await notUp(name, error);
  }
}

async function notUp(name: string, cause: Error): Promise<Error> {
  const found = await removeLeftovers(name);
  if (found === "alive")
    return new Error(`cluster "${name}" is just starting or stopping; try again in a moment`, { cause });
  const others = (await clusterNames()).filter((other) => other !== name);
  const also = found === "removed" ? "; what a killed one had left behind was removed" : "";
  const hint = others.length > 0 ? `up are: ${others.join(", ")} (--name)` : "bring one up with: fairway up";
  return new NotUpError(`cluster "${name}" is not up${also}; ${hint}`, { cause });
}
