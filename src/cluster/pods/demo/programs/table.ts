import type { Program } from "../program.ts";
import type { ProgramName } from "../program-names.ts";
import { agnhost } from "./agnhost.ts";
import { dockerHttpServer } from "./docker-http-server.ts";
import { echo } from "./echo.ts";
import { echoserver } from "./echoserver.ts";
import { helloApp, httpEcho } from "./hello.ts";
import { httpbin } from "./httpbin.ts";
import { pause } from "./pause.ts";
import { httpd, nginx, nginxHello } from "./welcome.ts";
import { whoami } from "./whoami.ts";

const table: Readonly<Record<ProgramName, Program>> = {
  echo,
  "docker-http-server": dockerHttpServer,
  nginx,
  "nginx-hello": nginxHello,
  httpd,
  whoami,
  "http-echo": httpEcho,
  "hello-app": helloApp,
  echoserver,
  agnhost,
  httpbin,
  pause,
};

/** Every program of the demo server, by the name that the image table uses. */
export const programs: ReadonlyMap<string, Program> = new Map(Object.entries(table));
