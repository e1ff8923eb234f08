import { chmod, mkdir, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { dirname } from "node:path";
import type { Logger } from "../../../role/log.ts";
import { RunningContainer } from "./container.ts";
import { HttpFrontend } from "./http.ts";
import { ProtocolError, parseRequest } from "./parse.ts";
import type { Program } from "./program.ts";
import type { DemoContainer, DemoExit, DemoMessage, DemoRequest, Sockets } from "./protocol.ts";

export interface DemoServerOptions {
  /** Path of the control socket; a socket left there by an earlier process is replaced. */
  socketPath: string;
  programs: ReadonlyMap<string, Program>;
  log: Logger;
}

export interface DemoServer {
  /** Stops every container and removes the control socket. */
  stop(): Promise<void>;
}

/** A container start carries its environment: Kubernetes objects end at 1.5 MiB. */
const maximumLine = 4 << 20;
const defaultGrace = 2_000;

/** Serves the demo containers of one node, as the node agent asks for by the protocol of protocol.ts. Rejects when the socket cannot be made. */
export async function startDemoServer({ socketPath, programs, log }: DemoServerOptions): Promise<DemoServer> {
  const http = new HttpFrontend();
  const containers = new Map<string, RunningContainer>();
  /** Ends that no agent has heard of yet. */
  const exits = new Map<string, DemoExit>();
  let client: Socket | undefined;

  const send = (message: DemoMessage) => client?.write(`${JSON.stringify(message)}\n`);

  const stopContainer = async (id: string, grace: number) => {
    exits.delete(id);
    const container = containers.get(id);
    if (container === undefined) return;
    await container.stop(grace);
    if (containers.get(id) === container) containers.delete(id);
  };

  const onExit = (id: string, code: number) => {
    void stopContainer(id, defaultGrace).then(() => {
      const exit: DemoExit = { event: "exited", container: id, code };
      if (client === undefined) exits.set(id, exit);
      else send(exit);
    });
  };

  const startContainer = (container: DemoContainer, sockets: Sockets | undefined): Sockets => {
    const program = programs.get(container.program);
    if (program === undefined) throw new Error(`exec: "${container.program}": no such demo program`);
    // An agent that lost the answer asks again.
    const there = containers.get(container.id);
    if (there?.stopping === false) return there.sockets;
    const options = { container, program, http, sockets, onExit: (code: number) => onExit(container.id, code) };
    const running = new RunningContainer(options);
    containers.set(container.id, running);
    return running.sockets;
  };

  const handle = async (request: DemoRequest): Promise<DemoMessage> => {
    const { id } = request;
    if (request.op === "start") return { id, ok: true, sockets: startContainer(request.container, request.sockets) };
    if (request.op === "stop") await stopContainer(request.container, request.grace ?? defaultGrace);
    else {
      const keep = new Set(request.keep);
      for (const exit of exits.values()) if (keep.has(exit.container)) send(exit);
      exits.clear();
      for (const container of containers.keys()) if (!keep.has(container)) void stopContainer(container, defaultGrace);
      const running = [...containers.values()].filter(({ stopping }) => !stopping);
      return { id, ok: true, running: Object.fromEntries(running.map((one) => [one.container.id, one.sockets])) };
    }
    return { id, ok: true };
  };

  const onLine = async (line: string) => {
    try {
      const request = parseRequest(line);
      try {
        send(await handle(request));
      } catch (error) {
        send({ id: request.id, ok: false, error: error instanceof Error ? error.message : String(error) });
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      log.error({ error: error.message, line: line.slice(0, 200) }, "a request that is none");
      if (error.id !== undefined) send({ id: error.id, ok: false, error: `protocol: ${error.message}` });
    }
  };

  const control = createServer((socket) => {
    client?.destroy();
    client = socket;
    socket.setEncoding("utf8");
    socket.on("error", () => {});
    socket.on("close", () => {
      if (client === socket) client = undefined;
    });
    let rest = "";
    socket.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) void onLine(line);
      if (rest.length > maximumLine) {
        log.error({ limit: maximumLine }, "a request is too long; its connection is closed");
        socket.destroy();
      }
    });
  });
  await mkdir(dirname(socketPath), { recursive: true });
  await rm(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    control.once("error", reject);
    control.listen(socketPath, resolve);
  });
  await chmod(socketPath, 0o600);
  log.info({ socket: socketPath }, "demo server waits for its agent");

  return {
    async stop() {
      control.close();
      client?.destroy();
      await Promise.all([...containers.keys()].map((id) => stopContainer(id, defaultGrace)));
      http.close();
    },
  };
}
