import { formatAddressPort } from "../../../../ip/address.ts";
import { clientOf, escapeHtml, html, text } from "../answers.ts";
import { parseOptions, parsePort } from "../options.ts";
import type { HttpRequest, Program, Runtime } from "../program.ts";

/** The servers that answer with a page of their own: nginx, httpd and nginxdemos/hello. Each on port 80, or on --port. */

export const nginx = pageServer("nginx", ({ container }) =>
  page("Welcome to nginx!", `This is Fairway's stand-in for nginx, served by Pod ${container.pod.name}.`),
);

export const httpd = pageServer(
  "httpd",
  ({ container }) =>
    `<html><body><h1>It works!</h1><!-- Fairway's stand-in, Pod ${container.pod.name} --></body></html>\n`,
);

/** nginxdemos/hello in its plain-text form: every path is answered. */
export const nginxHello: Program = {
  server: "fairway-stand-in/nginx-hello",
  greeting: "Fairway's stand-in for nginxdemos/hello",
  listeners: (runtime) => [
    {
      protocol: "http",
      port: portOf(runtime),
      handle: (request, response) => {
        const lines = [
          `Server address: ${formatAddressPort(request.socket.localAddress ?? "", request.socket.localPort ?? 0)}`,
          `Server name: ${runtime.container.pod.name}`,
          `Date: ${new Date().toISOString()}`,
          `URI: ${request.url}`,
          `Request ID: ${crypto.randomUUID().replaceAll("-", "")}`,
          `Client: ${clientOf(request)}`,
        ];
        text(response, `${lines.join("\n")}\n`);
      },
    },
  ],
};

function pageServer(name: string, body: (runtime: Runtime) => string): Program {
  return {
    server: `fairway-stand-in/${name}`,
    greeting: `Fairway's stand-in for ${name}`,
    listeners(runtime) {
      const index = body(runtime);
      const handle = (request: HttpRequest, response: Parameters<typeof html>[0]) => {
        if (request.path === "/healthz") text(response, "ok\n");
        else if (request.method !== "GET" && request.method !== "HEAD")
          html(response, page("405 Not Allowed", name), 405);
        else if (request.path === "/" || request.path === "/index.html") html(response, index);
        else html(response, page("404 Not Found", name), 404);
      };
      return [{ protocol: "http", port: portOf(runtime), handle }];
    },
  };
}

function portOf({ container }: Runtime): number {
  const given = parseOptions(container.args, { port: "value" }).get("port")?.at(-1);
  return given === undefined ? 80 : parsePort(given, "--port");
}

function page(title: string, sentence: string): string {
  return `<!DOCTYPE html>\n<html><head><title>${escapeHtml(title)}</title></head><body><h1>${escapeHtml(title)}</h1><p>${escapeHtml(sentence)}</p></body></html>\n`;
}
