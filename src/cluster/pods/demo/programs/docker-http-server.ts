import { escapeHtml, html } from "../answers.ts";
import type { Program } from "../program.ts";

/** katacoda/docker-http-server, the web application of the tutorial: says which host answered, on port 80. */
export const dockerHttpServer: Program = {
  server: "fairway-stand-in/docker-http-server",
  greeting: "Fairway's stand-in for katacoda/docker-http-server; web server started on port 80",
  listeners: ({ container }) => [
    {
      protocol: "http",
      port: 80,
      handle: (_, response) =>
        html(response, `<h1>This request was processed by host: ${escapeHtml(container.pod.name)}</h1>\n`),
    },
  ],
};
