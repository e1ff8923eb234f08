import { clientOf, headerLines, json, text } from "../answers.ts";
import { parseOptions, parsePort } from "../options.ts";
import type { HttpRequest, Program, Runtime } from "../program.ts";

/** traefik/whoami: host, addresses and the request, on port 80, --port or WHOAMI_PORT_NUMBER; /api is JSON, /health and /bench short. */
export const whoami: Program = {
  server: "fairway-stand-in/whoami",
  greeting: "Fairway's stand-in for traefik/whoami",
  listeners(runtime) {
    const { args, env } = runtime.container;
    const options = parseOptions(args, { port: "value", name: "value", verbose: "flag" });
    const port = parsePort(options.get("port")?.at(-1) ?? env.WHOAMI_PORT_NUMBER ?? "80", "--port");
    const name = options.get("name")?.at(-1) ?? env.WHOAMI_NAME ?? "";
    runtime.log(`Starting up on port ${port}`);
    return [
      {
        protocol: "http",
        port,
        handle(request, response) {
          if (request.path === "/health") return text(response, "");
          if (request.path === "/bench") return text(response, "1");
          if (request.path === "/api") return json(response, facts(runtime, name, request));
          text(response, describe(runtime, name, request));
        },
      },
    ];
  },
};

function facts({ container }: Runtime, name: string, request: HttpRequest) {
  const headers: Record<string, string[]> = {};
  for (const [key, value] of headerLines(request)) headers[key] = [...(headers[key] ?? []), value];
  return {
    hostname: container.pod.name,
    ip: ["127.0.0.1", container.pod.ip],
    headers,
    url: request.url,
    host: request.headers.host ?? "",
    method: request.method,
    name: name === "" ? undefined : name,
    remoteAddr: clientOf(request),
  };
}

function describe({ container }: Runtime, name: string, request: HttpRequest): string {
  const lines = [
    ...(name === "" ? [] : [`Name: ${name}`]),
    `Hostname: ${container.pod.name}`,
    "IP: 127.0.0.1",
    `IP: ${container.pod.ip}`,
    `RemoteAddr: ${clientOf(request)}`,
    `${request.method} ${request.url} HTTP/${request.httpVersion}`,
    ...headerLines(request).map(([key, value]) => `${key}: ${value}`),
  ];
  return `${lines.join("\n")}\n\n`;
}
