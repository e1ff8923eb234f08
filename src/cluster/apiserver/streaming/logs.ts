import type { IncomingMessage } from "node:http";
import type { Answer } from "../answer.ts";
import type { ResourceCall } from "../context.ts";
import { badRequest, internalError, methodNotAllowed } from "../status.ts";
import { answerOf, errorText, type NodeAgents } from "./node-agents.ts";
import { agentPath, locateContainer } from "./pod-location.ts";

/** What `kubectl logs` may ask for; everything else of the query stays here. */
const passedOn = ["follow", "previous", "sinceSeconds", "sinceTime", "timestamps", "tailLines", "limitBytes", "stream"];

/** GET of pods/NAME/log: the agent's answer as it comes, with back-pressure all the way. */
export function createLogSubresource(agents: NodeAgents) {
  return async ({ context, kind, info, incoming }: ResourceCall): Promise<Answer> => {
    if (info.verb !== "get") throw methodNotAllowed(kind.resource, info.verb);
    const { namespace, name } = info.resource;
    const location = locateContainer(context.store, namespace, name, info.query.get("container"));
    const query = new URLSearchParams();
    for (const parameter of passedOn) {
      const value = info.query.get(parameter);
      if (value !== null) query.set(parameter, value);
    }
    const sent = agents.request(location.node, agentPath("containerLogs", location, query.toString()), {});
    const stop = () => sent.destroy();
    incoming.signal.addEventListener("abort", stop);
    sent.once("close", () => incoming.signal.removeEventListener("abort", stop));
    sent.end();
    const response = await answerOf(sent, location.node);
    if (response.statusCode !== 200) {
      const text = await errorText(response);
      throw (response.statusCode ?? 500) < 500 ? badRequest(text) : internalError(text);
    }
    return { status: 200, headers: { "content-type": "text/plain" }, body: chunksOf(response) };
  };
}

/** An agent that dies in the middle of a log ends it. */
async function* chunksOf(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response) yield chunk as Buffer;
  } catch (error) {
    if (!response.destroyed) throw error;
  } finally {
    response.destroy();
  }
}
