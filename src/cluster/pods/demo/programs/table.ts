import type { Program } from "../program.ts";
import { dockerHttpServer } from "./docker-http-server.ts";
import { echo } from "./echo.ts";
import { helloApp, httpEcho } from "./hello.ts";
import { pause } from "./pause.ts";
import { httpd, nginx, nginxHello } from "./welcome.ts";
import { whoami } from "./whoami.ts";

/** Every program of the demo server, by the name that the image table uses. */
export const programs: ReadonlyMap<string, Program> = new Map([
  ["echo", echo],
  ["docker-http-server", dockerHttpServer],
  ["nginx", nginx],
  ["nginx-hello", nginxHello],
  ["httpd", httpd],
  ["whoami", whoami],
  ["http-echo", httpEcho],
  ["hello-app", helloApp],
  ["pause", pause],
]);
