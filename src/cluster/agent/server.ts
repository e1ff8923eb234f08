import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { agentPort, worldPaths } from "../config.ts";
import type { PodContainer } from "../pods/pod-container.ts";
import { RequestError, type Target } from "./request.ts";

/** The only client that is let in: the API server, which has checked what its own client may do. */
const allowedClient = "kube-apiserver-kubelet-client";

/** Listens at the node's address as kubelet does, for logs and exec. Rejects when it cannot. */
export async function startAgentServer(target: Target): Promise<Server> {
  const { config, nodeName, nodeIPs, log } = target.context;
  const paths = worldPaths(config);
  const [ca, cert, key] = await Promise.all([
    readFile(join(paths.pki, "ca.crt")),
    readFile(join(paths.node(nodeName), "node.crt")),
    readFile(join(paths.node(nodeName), "node.key")),
  ]);
  const server = createServer({ ca, cert, key, requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.2" });
  server.on("request", (request, response) => {
    answer(target, request, response).catch((error: Error) => refuse(response, error));
  });
  server.on("upgrade", (request, socket, head) => {
    upgrade(target, request, socket, head).catch((error: Error) => refuseUpgrade(socket, error));
  });
  server.on("tlsClientError", (error) => log.debug({ err: error }, "a TLS client failed"));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(agentPort, nodeIPs[0], resolve);
  });
  return server;
}

async function answer(target: Target, request: IncomingMessage, response: ServerResponse): Promise<void> {
  checkClient(request);
  const { parts, query } = parseUrl(request);
  if (parts[0] === "healthz") {
    response.end("ok");
    return;
  }
  if (request.method !== "GET" && request.method !== "POST")
    throw new RequestError(405, `${request.method} is not allowed`);
  if (parts[0] === "containerLogs" && parts.length === 4) {
    const { serveLogs } = await import("./logs-handler.ts");
    await serveLogs(target, findContainer(target, parts), query, response);
    return;
  }
  if (parts[0] === "exec" && parts.length === 4) {
    const { admitExec } = await import("./exec-handler.ts");
    // Whoever asks without a WebSocket may have been refused one before: the reason comes first.
    admitExec(target, findContainer(target, parts), query);
    throw new RequestError(426, "exec needs a WebSocket (v5.channel.k8s.io)");
  }
  throw new RequestError(404, `no such path: ${request.url?.slice(0, 200)}`);
}

async function upgrade(target: Target, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  checkClient(request);
  const { parts, query } = parseUrl(request);
  if (parts[0] !== "exec" || parts.length !== 4) throw new RequestError(404, "no such path");
  const container = findContainer(target, parts);
  const { serveExec } = await import("./exec-handler.ts");
  await serveExec(target, container, query, { request, socket, head });
}

function checkClient(request: IncomingMessage): void {
  const name = (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
  if (name !== allowedClient) throw new RequestError(403, `${JSON.stringify(name)} may not use this server`);
}

function parseUrl({ url = "/" }: IncomingMessage): { parts: string[]; query: URLSearchParams } {
  try {
    const { pathname, searchParams } = new URL(url, "https://node");
    return { parts: pathname.split("/").filter(Boolean).map(decodeURIComponent), query: searchParams };
  } catch {
    throw new RequestError(400, "the URL cannot be read");
  }
}

function findContainer({ pods }: Target, [, namespace = "", name = "", container = ""]: string[]): PodContainer {
  const pod = pods.find(namespace, name);
  if (pod === undefined) throw new RequestError(404, `pods "${name}" not found`);
  const found = pod.find(container);
  if (found === undefined) throw new RequestError(404, `container ${container} not found in pod ${name}_${namespace}`);
  return found;
}

function statusOf(error: Error): number {
  return error instanceof RequestError ? error.status : 500;
}

function refuse(response: ServerResponse, error: Error): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(statusOf(error), { "content-type": "text/plain; charset=utf-8" });
  response.end(`${error.message}\n`);
}

function refuseUpgrade(socket: Duplex, error: Error): void {
  if (socket.destroyed) return;
  const body = `${error.message}\n`;
  socket.end(
    `HTTP/1.1 ${statusOf(error)} Refused\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
