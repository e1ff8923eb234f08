import { headerLines, readBody, text } from "../answers.ts";
import type { Program } from "../program.ts";

/** registry.k8s.io/echoserver: host name, request and headers as text, on port 8080. */
export const echoserver: Program = {
  server: "fairway-stand-in/echoserver",
  greeting: "Fairway's stand-in for echoserver; listens on port 8080",
  listeners: ({ container }) => [
    {
      protocol: "http",
      port: 8080,
      async handle(request, response) {
        const body = await readBody(request);
        const { pod } = container;
        const headers = headerLines(request).map(([name, value]) => `\t${name.toLowerCase()}=${value}`);
        const lines = [
          "",
          "",
          `Hostname: ${pod.name}`,
          "",
          "Pod Information:",
          `\tnode name:\t${pod.node}`,
          `\tpod name:\t${pod.name}`,
          `\tpod namespace:\t${pod.namespace}`,
          `\tpod IP:\t${pod.ip}`,
          "",
          "Request Information:",
          `\tclient_address=${request.socket.remoteAddress}`,
          `\tmethod=${request.method}`,
          `\treal path=${request.url}`,
          `\tquery=${request.query}`,
          `\trequest_version=${request.httpVersion}`,
          `\trequest_scheme=http`,
          `\trequest_uri=http://${request.headers.host ?? ""}${request.url}`,
          "",
          "Request Headers:",
          ...headers.sort(),
          "",
          "Request Body:",
          body.text === "" ? "\t-no body in request-" : body.text,
          "",
        ];
        text(response, `${lines.join("\n")}\n`);
      },
    },
  ],
};
