import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { StatusError } from "../../../kubernetes/errors.ts";
import { type Answer, errorAnswer, type Incoming, type User } from "../answer.ts";
import type { ApiContext, ResourceCall } from "../context.ts";
import type { RequestInfo } from "../request-info.ts";
import { badRequest, internalError, pathNotFound } from "../status.ts";
import { errorText, type NodeAgents, unreachable } from "./node-agents.ts";
import { agentPath, locateContainer } from "./pod-location.ts";

const needsWebSocket =
  "exec needs a WebSocket (v5.channel.k8s.io or v4.channel.k8s.io), which kubectl uses from 1.31 on; SPDY is not supported yet";
const noAttach =
  "attach is not supported yet: `kubectl logs -f` follows what the container writes, `kubectl exec` runs a program in it";

/** Whether a request is for a stream that takes its connection over. */
export function isStreamRequest(request: IncomingMessage): boolean {
  return /^\/api\/v1\/namespaces\/[^/?]+\/pods\/[^/?]+\/(exec|attach)(\?|$)/.test(request.url ?? "");
}

/** exec and attach without an upgrade. */
export async function refuseStream({ info }: ResourceCall): Promise<Answer> {
  throw badRequest(info.resource.subresource === "attach" ? noAttach : needsWebSocket);
}

export interface StreamParts {
  context: ApiContext;
  agents: NodeAgents;
  /** Who asks for what; throws 401 and 403. */
  admit(incoming: Incoming): { user: User; info: RequestInfo };
}

/**
 * Connects a client's WebSocket with the agent's: after both sides agreed to upgrade the bytes are handed through as they are, so that every
 * subprotocol that the agent speaks works. A kubectl whose WebSocket was refused asks again with SPDY and shows only that answer, so
 * this one has to hold the real reason: the agent is asked, and only when nothing else is wrong the answer is that SPDY is not spoken.
 */
export function createStreamUpgrade({ context, agents, admit }: StreamParts) {
  const open = (incoming: Incoming, client: Duplex, head: Buffer): void => {
    const { info } = admit(incoming);
    if (info.resource === undefined) throw pathNotFound();
    const { namespace, name, subresource } = info.resource;
    if (subresource === "attach") throw badRequest(noAttach);
    const location = locateContainer(context.store, namespace, name, info.query.get("container"));
    const isWebSocket = incoming.headers.upgrade?.toLowerCase() === "websocket";
    const path = agentPath("exec", location, agentQuery(info.query));
    const sent = agents.request(location.node, path, isWebSocket ? upgradeHeaders(incoming.headers) : {});
    client.once("close", () => sent.destroy());
    sent.once("upgrade", (response, agent: Duplex, agentHead) => {
      client.write(`HTTP/1.1 101 Switching Protocols\r\n${headerLines(response.headers)}\r\n`);
      if (agentHead.length > 0) client.write(agentHead);
      if (head.length > 0) agent.write(head);
      join(client, agent);
    });
    sent.once("response", (response) => {
      refusalOf(response)
        .then((error) => refuseUpgrade(client, errorAnswer(error)))
        .catch(() => client.destroy());
    });
    sent.once("error", (error) => refuseUpgrade(client, errorAnswer(unreachable(location.node, error))));
    sent.end();
  };
  return (incoming: Incoming, client: Duplex, head: Buffer): void => {
    try {
      open(incoming, client, head);
    } catch (error) {
      if (!(error instanceof StatusError))
        context.log.error({ err: error, target: incoming.target }, "a stream failed");
      const shown = error instanceof StatusError ? error : internalError("see the log of the API server");
      refuseUpgrade(client, errorAnswer(shown));
    }
  };
}

/** Why an agent did not upgrade. An answer that is no error, or 426, says that nothing is wrong but the missing WebSocket. */
async function refusalOf(response: IncomingMessage): Promise<StatusError> {
  const { statusCode = 500 } = response;
  const text = await errorText(response);
  if (statusCode < 400 || statusCode === 426) return badRequest(needsWebSocket);
  return statusCode < 500 ? badRequest(text) : internalError(text);
}

/** PodExecOptions by the names of kubelet's query. */
function agentQuery(query: URLSearchParams): string {
  const result = new URLSearchParams();
  const names = { stdin: "input", stdout: "output", stderr: "error", tty: "tty" };
  for (const [name, agentName] of Object.entries(names)) {
    if (/^(1|t|true)$/i.test(query.get(name) ?? "")) result.set(agentName, "1");
  }
  for (const word of query.getAll("command")) result.append("command", word);
  return result.toString();
}

/** Only what the WebSocket handshake needs: the client's credentials are for this server alone. */
function upgradeHeaders(headers: Incoming["headers"]): Record<string, string> {
  const result: Record<string, string> = { connection: "Upgrade", upgrade: "websocket" };
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith("sec-websocket-") && value !== undefined) result[name] = value;
  }
  return result;
}

function headerLines(headers: IncomingMessage["headers"]): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
}

/** Until either side ends; an end of one direction is handed on, an error ends both. */
function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to);
    from.on("error", () => to.destroy());
    from.once("close", () => to.destroy());
  }
}

/** Answers an upgrade request without upgrading. */
export function refuseUpgrade(socket: Duplex, { status, headers, body }: Answer): void {
  if (socket.destroyed) return;
  const text = typeof body === "string" ? body : "";
  const all = { ...headers, "content-length": Buffer.byteLength(text), connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join("")}\r\n${text}`);
}
