import type { Socket } from "node:net";
import { formatAddressPort } from "../../../../ip/address.ts";
import { delay, headerLines, html, json, readBody, statusCode, text } from "../answers.ts";
import { parseOptions, parsePort } from "../options.ts";
import type { Client, HttpRequest, Listener, Program, Runtime } from "../program.ts";

/**
 * `fairway/echo`: tells a client everything about its request and who answered it, over HTTP, TCP and UDP. By `?delay=MILLISECONDS` it
 * answers late, by /status/CODE with that status, by /exit/CODE the container ends: failures to try a proxy with.
 */
export const echo: Program = {
  server: "fairway-echo",
  greeting: "fairway/echo starts",
  listeners(runtime) {
    const options = parseOptions(runtime.container.args, { http: "value", tcp: "value", udp: "value" });
    const listeners: Listener[] = [];
    for (const port of ports(runtime, options, "http", "PORT")) {
      listeners.push({ protocol: "http", port, handle: (request, response) => answer(runtime, request, response) });
    }
    for (const port of ports(runtime, options, "tcp", "TCP_PORT")) {
      listeners.push({ protocol: "tcp", port, serve: (socket) => echoStream(runtime, socket) });
    }
    for (const port of ports(runtime, options, "udp", "UDP_PORT")) {
      listeners.push({
        protocol: "udp",
        port,
        receive: (data, client, reply) => reply(isWho(data) ? who(runtime, client) : data),
      });
    }
    if (listeners.length === 0) {
      listeners.push({ protocol: "http", port: 80, handle: (request, response) => answer(runtime, request, response) });
    }
    for (const { protocol, port } of listeners) runtime.log(`listening on ${protocol} port ${port}`);
    return listeners;
  },
};

function ports(runtime: Runtime, options: Map<string, string[]>, option: string, variable: string): number[] {
  const given = options.get(option);
  if (given !== undefined) return given.map((value) => parsePort(value, `--${option}`));
  const value = runtime.container.env[variable];
  return value === undefined || value === "" ? [] : [parsePort(value, variable)];
}

async function answer(runtime: Runtime, request: HttpRequest, response: Parameters<typeof text>[0]): Promise<void> {
  const body = await readBody(request);
  await delay(request.query.get("delay"));
  const exit = /^\/exit\/([0-9]{1,3})$/.exec(request.path);
  if (exit !== null) {
    text(response, `container exits with code ${exit[1]}\n`);
    return runtime.exit(Number(exit[1]) & 255);
  }
  const status = request.path.startsWith("/status/") ? statusCode(request.path.slice(8)) : 200;
  if (status === undefined) return text(response, "/status/CODE takes a code from 200 to 599\n", 400);
  if (request.path === "/healthz" || request.path === "/readyz") return text(response, "ok\n");

  const { name, namespace, ip, node, container } = runtime.container.pod;
  const { socket } = request;
  const report = {
    request: {
      line: `${request.method} ${request.url} HTTP/${request.httpVersion}`,
      method: request.method,
      path: request.path,
      query: Object.fromEntries(request.query),
      headers: request.headers,
      headerLines: headerLines(request).map(([key, value]) => `${key}: ${value}`),
      body: body.text,
      bodyBytes: body.bytes,
    },
    client: { address: socket.remoteAddress, port: socket.remotePort },
    server: { address: socket.localAddress, port: socket.localPort },
    pod: { name, namespace, ip, node, container },
  };
  const accept = request.headers.accept ?? "";
  if (/\bapplication\/json\b/.test(accept)) return json(response, report, status);
  const lines = [
    `Pod:       ${namespace}/${name} (${ip}), container ${container}`,
    `Node:      ${node}`,
    `Client:    ${formatAddressPort(socket.remoteAddress ?? "", socket.remotePort ?? 0)}`,
    `Server:    ${formatAddressPort(socket.localAddress ?? "", socket.localPort ?? 0)}`,
    "",
    report.request.line,
    ...report.request.headerLines,
    "",
    body.text,
  ];
  const page = `${lines.join("\n").trimEnd()}\n`;
  if (/\btext\/html\b/.test(accept))
    return html(response, `<pre>${page.replace(/[&<]/g, (sign) => `&#${sign.charCodeAt(0)};`)}</pre>\n`, status);
  text(response, page, status);
}

/** A client that sends the word "who" is told who answers; anything else comes back as it was. */
function isWho(data: Buffer): boolean {
  return data.length <= 5 && data.toString().trim() === "who";
}

function who(runtime: Runtime, client: Client): string {
  return `${JSON.stringify({ pod: runtime.container.pod, client })}\n`;
}

function echoStream(runtime: Runtime, socket: Socket): void {
  const client = { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
  socket.on("data", (data: Buffer) => {
    // Reading stops while the client does not take its own bytes back.
    if (!socket.write(isWho(data) ? who(runtime, client) : data)) socket.pause();
  });
  socket.on("drain", () => socket.resume());
}
