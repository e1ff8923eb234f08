import type { ServerResponse } from "node:http";
import { delay, headerLines, json, readBody, statusCode, text } from "../answers.ts";
import type { HttpRequest, Program } from "../program.ts";

const methodPaths: Readonly<Record<string, string>> = {
  get: "GET",
  post: "POST",
  put: "PUT",
  patch: "PATCH",
  delete: "DELETE",
};

/** kennethreitz/httpbin, its most used paths, on port 80. */
export const httpbin: Program = {
  server: "fairway-stand-in/httpbin",
  greeting: "Fairway's stand-in for httpbin, with its most used paths; listens on port 80",
  listeners: () => [{ protocol: "http", port: 80, handle: answer }],
};

async function answer(request: HttpRequest, response: ServerResponse): Promise<void> {
  const [, name = "", value = ""] = request.path.split("/");
  if (Object.hasOwn(methodPaths, name)) {
    if (request.method !== methodPaths[name]) return text(response, "Method Not Allowed\n", 405);
    return json(response, await facts(request));
  }
  switch (name) {
    case "":
      return text(
        response,
        "httpbin (a stand-in): /get /post /anything /headers /ip /status/CODE /delay/SECONDS ...\n",
      );
    case "anything":
      return json(response, { ...(await facts(request)), method: request.method });
    case "headers":
      return json(response, { headers: headers(request) });
    case "ip":
      return json(response, { origin: request.socket.remoteAddress });
    case "user-agent":
      return json(response, { "user-agent": request.headers["user-agent"] ?? null });
    case "uuid":
      return json(response, { uuid: crypto.randomUUID() });
    case "status":
      return text(response, "", statusCode(value) ?? 400);
    case "delay":
      // Ten seconds at most, as the original.
      await delay(
        /^[0-9]{1,3}(\.[0-9]{1,3})?$/.test(value) ? String(Math.round(Math.min(Number(value), 10) * 1000)) : null,
      );
      return json(response, await facts(request));
    case "bytes": {
      const count = Math.min(Number(/^[0-9]{1,6}$/.exec(value)?.[0] ?? 0), 100 * 1024);
      response.writeHead(200, { "Content-Type": "application/octet-stream", "Content-Length": count });
      // Loaded by whoever asks for it: 13 ms and some memory of each node's demo server.
      const { randomBytes } = await import("node:crypto");
      response.end(randomBytes(count));
      return;
    }
    case "redirect": {
      const left = Math.min(Number(/^[0-9]{1,3}$/.exec(value)?.[0] ?? 1), 100) - 1;
      response.writeHead(302, { Location: left > 0 ? `/redirect/${left}` : "/get" });
      response.end();
      return;
    }
    default:
      return text(response, "Not Found\n", 404);
  }
}

async function facts(request: HttpRequest) {
  const body = await readBody(request);
  const about = {
    args: Object.fromEntries(request.query),
    headers: headers(request),
    origin: request.socket.remoteAddress,
    url: `http://${request.headers.host ?? ""}${request.url}`,
  };
  return request.method === "GET" ? about : { ...about, data: body.text };
}

function headers(request: HttpRequest): Record<string, string> {
  return Object.fromEntries(headerLines(request));
}
