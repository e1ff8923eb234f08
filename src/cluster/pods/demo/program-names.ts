/** The demo programs, by name only: who checks a name need not load them. programs/table.ts has each. */
export const programNames = [
  "echo",
  "docker-http-server",
  "nginx",
  "nginx-hello",
  "httpd",
  "whoami",
  "http-echo",
  "hello-app",
  "echoserver",
  "agnhost",
  "httpbin",
  "pause",
] as const;

export type ProgramName = (typeof programNames)[number];
