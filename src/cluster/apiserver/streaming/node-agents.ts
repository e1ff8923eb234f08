import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import type { Node } from "../../../kubernetes/types.ts";
import type { Store } from "../../storage/store.ts";
import { internalError, serviceUnavailable, tooManyRequests } from "../status.ts";

export interface NodeAgentOptions {
  store: Store;
  /** The API server's client certificate for agents, and the authority that signed theirs. PEM texts. */
  credentials: { certificate: string; key: string; ca: string };
  /** Port of agents that do not tell another in their Node's status. */
  port: number;
}

/** How long an agent may take to answer; a stream that has begun may be silent for ever. Milliseconds. */
const answerTimeout = 10_000;
/** Streams (logs, exec) at a time. */
const maxStreams = 500;

/** The way from the API server to the agents of the nodes. */
export class NodeAgents {
  readonly #options: NodeAgentOptions;
  readonly #agent: Agent;
  #streams = 0;

  constructor(options: NodeAgentOptions) {
    this.#options = options;
    const { certificate, key, ca } = options.credentials;
    this.#agent = new Agent({ cert: certificate, key, ca, minVersion: "TLSv1.2", keepAlive: false });
  }

  /** Sends a request to the agent of a node. Throws a StatusError when the node has no address, or there are too many streams. */
  request(nodeName: string, path: string, headers: Record<string, string>): ClientRequest {
    const { address, port } = this.#addressOf(nodeName);
    if (this.#streams >= maxStreams) {
      throw tooManyRequests(
        `${maxStreams} logs and sessions are open, which is the most this server serves: try again later`,
      );
    }
    const sent = request({ host: address, port, path, headers, agent: this.#agent });
    this.#count(sent);
    // An upgraded connection outlives its request.
    sent.once("upgrade", (_response, socket) => this.#count(socket));
    const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${answerTimeout} ms`)), answerTimeout);
    const answered = () => clearTimeout(timer);
    sent.once("response", answered).once("upgrade", answered).once("close", answered);
    return sent;
  }

  #count(stream: { once(event: "close", listener: () => void): unknown }): void {
    this.#streams += 1;
    stream.once("close", () => {
      this.#streams -= 1;
    });
  }

  #addressOf(nodeName: string): { address: string; port: number } {
    const node = this.#options.store.collection("nodes").get(nodeName)?.object as Node | undefined;
    const address = node?.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
    if (address === undefined)
      throw serviceUnavailable(`node ${JSON.stringify(nodeName)} has no address to reach it at`);
    return { address, port: node?.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? this.#options.port };
  }
}

/** Resolves with the answer of an agent; rejects with a Status that says why there is none. */
export function answerOf(sent: ClientRequest, nodeName: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once("response", resolve);
    sent.once("error", (error) => reject(unreachable(nodeName, error)));
  });
}

export function unreachable(nodeName: string, error: Error) {
  return internalError(`the agent of node ${nodeName} cannot be reached: ${error.message}`);
}

const maxErrorText = 4096;

/** What an agent says when it refuses. */
export async function errorText(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > maxErrorText) break;
  }
  response.destroy();
  return text.slice(0, maxErrorText).trim();
}
