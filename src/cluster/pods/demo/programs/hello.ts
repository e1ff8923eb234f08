import { json, text } from "../answers.ts";
import { parseOptions, parsePort } from "../options.ts";
import { type Program, UsageError } from "../program.ts";

/** gcr.io/google-samples/hello-app: version and host name, on port 8080 or PORT. The image's tag decides the version (--version). */
export const helloApp: Program = {
  server: "fairway-stand-in/hello-app",
  greeting: "Fairway's stand-in for google-samples/hello-app",
  listeners(runtime) {
    const { args, env, pod } = runtime.container;
    const version = parseOptions(args, { version: "value" }).get("version")?.at(-1) ?? "1.0.0";
    const port = parsePort(env.PORT || "8080", "PORT");
    runtime.log(`Server listening on port ${port}`);
    const body = `Hello, world!\nVersion: ${version}\nHostname: ${pod.name}\n`;
    return [{ protocol: "http", port, handle: (_, response) => text(response, body) }];
  },
};

/** hashicorp/http-echo: one text to everybody, -text or ECHO_TEXT, on -listen (":5678"); /health is JSON. */
export const httpEcho: Program = {
  server: "fairway-stand-in/http-echo",
  greeting: "Fairway's stand-in for hashicorp/http-echo",
  listeners(runtime) {
    const { args, env } = runtime.container;
    const options = parseOptions(args, { text: "value", listen: "value", "status-code": "value" });
    const body = options.get("text")?.at(-1) ?? env.ECHO_TEXT;
    if (body === undefined || body === "") throw new UsageError("Missing -text option or ECHO_TEXT env var!");
    const port = parsePort(options.get("listen")?.at(-1) ?? ":5678", "-listen");
    const status = Number(options.get("status-code")?.at(-1) ?? "200");
    if (!Number.isInteger(status) || status < 200 || status > 599)
      throw new UsageError("-status-code: a code from 200 to 599");
    runtime.log(`server is listening on :${port}`);
    return [
      {
        protocol: "http",
        port,
        handle: (request, response) =>
          request.path === "/health" ? json(response, { status: "ok" }) : text(response, `${body}\n`, status),
      },
    ];
  },
};
