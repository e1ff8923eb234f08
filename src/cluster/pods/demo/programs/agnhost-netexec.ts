import type { ServerResponse } from "node:http";
import { formatAddressPort } from "../../../../ip/address.ts";
import { clientOf, delay, statusCode, text } from "../answers.ts";
import { parseOptions, parsePort } from "../options.ts";
import type { Client, HttpRequest, Listener, Runtime } from "../program.ts";

/**
 * `agnhost netexec`: HTTP on --http-port 8080 (/hostname, /clientip, /echo, /header, /healthz, /redirect, /exit, /shutdown) and UDP on
 * --udp-port 8081 (hostname, clientip, echo TEXT); -1 turns UDP off. What would run commands (/shell, /upload) or call others (/dial) is left out.
 */
export function netexec(runtime: Runtime): Listener[] {
  const options = parseOptions(runtime.container.args, {
    "http-port": "value",
    "udp-port": "value",
    "sctp-port": "value",
    "http-override": "value",
    "delay-shutdown": "value",
  });
  const option = (name: string, otherwise: string) => options.get(name)?.at(-1) ?? otherwise;
  const override = options.get("http-override")?.at(-1);
  const httpPort = parsePort(option("http-port", "8080"), "--http-port");
  const listeners: Listener[] = [
    {
      protocol: "http",
      port: httpPort,
      handle: (request, response) => answer(runtime, override ?? request.path, request, response),
    },
  ];
  runtime.log(`Started HTTP server on port ${httpPort}`);
  if (option("udp-port", "8081") !== "-1") {
    const port = parsePort(option("udp-port", "8081"), "--udp-port");
    listeners.push({ protocol: "udp", port, receive: (data, client, reply) => datagram(runtime, data, client, reply) });
    runtime.log(`Started UDP server on port ${port}`);
  }
  return listeners;
}

async function answer(runtime: Runtime, path: string, request: HttpRequest, response: ServerResponse): Promise<void> {
  const { query } = request;
  const status = statusCode(query.get("code"));
  switch (path) {
    case "/":
      return text(response, `NOW: ${new Date().toISOString()}`);
    case "/hostname":
    case "/hostName":
      return text(response, runtime.container.pod.name);
    case "/clientip":
      return text(response, clientOf(request));
    case "/echo":
      return text(response, query.get("msg") ?? "", status);
    case "/header":
      return text(response, [request.headers[(query.get("key") ?? "").toLowerCase()] ?? ""].flat().join(", "));
    case "/healthz":
      return text(response, "OK");
    case "/redirect":
      response.writeHead(status !== undefined && status >= 300 && status < 400 ? status : 302, {
        Location: encodeURI(query.get("location") ?? "/"),
      });
      response.end();
      return;
    case "/exit": {
      const code = Number(query.get("code") ?? "0");
      await delay(/^[0-9]+s$/.test(query.get("wait") ?? "") ? `${query.get("wait")!.slice(0, -1)}000` : null);
      text(response, "");
      return runtime.exit(Number.isInteger(code) ? code & 255 : 0);
    }
    case "/shutdown":
      text(response, "");
      return runtime.exit(0);
    default:
      return text(response, "404 page not found\n", 404);
  }
}

function datagram(runtime: Runtime, data: Buffer, client: Client, reply: (answer: string) => void): void {
  const [word = "", ...rest] = data.toString().trim().split(" ");
  if (word.toLowerCase() === "hostname") reply(runtime.container.pod.name);
  else if (word.toLowerCase() === "clientip") reply(formatAddressPort(client.address, client.port));
  else if (word.toLowerCase() === "echo") reply(rest.join(" "));
  else runtime.log(`Unknown udp command received: ${data.toString().slice(0, 100)}`);
}
