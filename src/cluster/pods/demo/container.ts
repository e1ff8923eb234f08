import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import { openTcpListener, openUdpSocket } from "../../../linux/setns.ts";
import type { HttpFrontend } from "./http.ts";
import { LogFile } from "./log-file.ts";
import type { Listener, Program, Runtime } from "./program.ts";
import type { DemoContainer } from "./protocol.ts";

/** TCP connections of one container at a time; further ones are closed at once. */
const maximumConnections = 4096;

/** One running demo container: the sockets in its Pod's network namespace, and the connections that they accepted. */
export class RunningContainer implements Runtime {
  readonly container: DemoContainer;
  readonly program: Program;
  readonly #http: HttpFrontend;
  readonly #log: LogFile;
  readonly #onExit: (code: number) => void;
  readonly #servers: Server[] = [];
  readonly #datagrams: DatagramSocket[] = [];
  readonly #sockets = new Set<Socket>();
  #stopped: Promise<void> | undefined;
  /** Set with the last connection gone, while the container stops. */
  #drained: (() => void) | undefined;

  /** Opens everything that the program listens on; throws (UsageError, SystemCallError) with nothing left open. */
  constructor(container: DemoContainer, program: Program, http: HttpFrontend, onExit: (code: number) => void) {
    this.container = container;
    this.program = program;
    this.#http = http;
    this.#onExit = onExit;
    this.#log = new LogFile(container.logFile);
    this.log(program.greeting);
    try {
      for (const listener of program.listeners(this)) this.#open(listener);
    } catch (error) {
      this.log(error instanceof Error ? error.message : String(error));
      this.#close();
      void this.#log.flush();
      throw error;
    }
  }

  log(line: string): void {
    this.#log.write(line);
  }

  exit(code: number): void {
    if (this.#stopped === undefined) this.#onExit(code);
  }

  get stopping(): boolean {
    return this.#stopped !== undefined;
  }

  /**
   * Closes the listeners at once, lets answers under way finish for `grace` milliseconds, then cuts what is left.
   * Resolves when nothing of the container is open and its log is written.
   */
  stop(grace: number): Promise<void> {
    this.#stopped ??= this.#shutDown(grace);
    return this.#stopped;
  }

  async #shutDown(grace: number): Promise<void> {
    this.#close();
    for (const socket of this.#sockets) {
      // A plain TCP echo has no end of its own; an HTTP connection ends after the answer under way.
      if (!this.#http.finish(socket)) socket.end();
    }
    if (this.#sockets.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, grace);
        this.#drained = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      for (const socket of this.#sockets) socket.destroy();
    }
    await this.#log.flush();
  }

  #close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#datagrams) socket.close();
    this.#servers.length = 0;
    this.#datagrams.length = 0;
  }

  #open(listener: Listener): void {
    const place = { networkNamespace: this.container.networkNamespace, port: listener.port };
    if (listener.protocol === "udp") {
      const socket = createSocket("udp4");
      socket.on("message", (data, { address, port }) => {
        listener.receive(data, { address, port }, (answer) => socket.send(answer, port, address, () => {}));
      });
      socket.on("error", (error) => this.log(`udp ${listener.port}: ${error.message}`));
      socket.bind({ fd: openUdpSocket(place) });
      this.#datagrams.push(socket);
      return;
    }
    const server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => {
        this.#sockets.delete(socket);
        if (this.#sockets.size === 0) this.#drained?.();
      });
      if (listener.protocol === "http") this.#http.serve(socket, this, listener.handle);
      else {
        socket.on("error", () => socket.destroy());
        listener.serve(socket);
      }
    });
    server.maxConnections = maximumConnections;
    server.on("error", (error) => this.log(`tcp ${listener.port}: ${error.message}`));
    server.listen({ fd: openTcpListener(place) });
    this.#servers.push(server);
  }
}
