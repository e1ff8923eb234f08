import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import { closeDescriptors, copyDescriptors } from "../../../linux/descriptors.ts";
import { openTcpListener, openUdpSocket } from "../../../linux/setns.ts";
import type { HttpFrontend } from "./http.ts";
import { LogFile } from "./log-file.ts";
import type { Listener, Program, Runtime } from "./program.ts";
import type { DemoContainer, Sockets } from "./protocol.ts";

/** TCP connections of one container at a time; further ones are closed at once. */
const maximumConnections = 4096;

export interface RunningContainerOptions {
  container: DemoContainer;
  program: Program;
  http: HttpFrontend;
  /** What a demo server that died had opened for this container; absent: everything is opened anew. */
  sockets?: Sockets;
  onExit: (code: number) => void;
}

/** One running demo container: the sockets in its Pod's network namespace, and the connections that they accepted. */
export class RunningContainer implements Runtime {
  readonly container: DemoContainer;
  readonly program: Program;
  readonly #http: HttpFrontend;
  readonly #log: LogFile;
  readonly #onExit: (code: number) => void;
  readonly #servers: Server[] = [];
  readonly #datagrams: DatagramSocket[] = [];
  readonly #descriptors: number[] = [];
  readonly #sockets = new Set<Socket>();
  #stopped: Promise<void> | undefined;
  /** Set with the last connection gone, while the container stops. */
  #drained: (() => void) | undefined;

  /** Opens everything that the program listens on; throws (UsageError, SystemCallError) with nothing left open. */
  constructor({ container, program, http, sockets, onExit }: RunningContainerOptions) {
    this.container = container;
    this.program = program;
    this.#http = http;
    this.#onExit = onExit;
    this.#log = new LogFile(container.logFile);
    const copies = sockets && copyDescriptors(sockets.pid, sockets.descriptors);
    if (copies === undefined) this.log(program.greeting);
    try {
      // A socket of each family, so that every client is known by its own kind of address.
      const addresses = container.dualStack ? ["0.0.0.0", "::"] : ["0.0.0.0"];
      const wanted = program.listeners(this).flatMap((listener) => addresses.map((address) => ({ listener, address })));
      if (copies !== undefined && copies.length !== wanted.length)
        throw new Error(`${copies.length} sockets were left where ${wanted.length} are needed`);
      for (const [index, { listener, address }] of wanted.entries()) this.#open(listener, address, copies?.[index]);
    } catch (error) {
      this.log(error instanceof Error ? error.message : String(error));
      this.#close();
      closeDescriptors((copies ?? []).slice(this.#descriptors.length));
      void this.#log.flush();
      throw error;
    }
  }

  /** What it listens on, in the order of the program's listeners. */
  get sockets(): Sockets {
    return { pid: process.pid, descriptors: this.#descriptors };
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

  /** `descriptor`: the socket, when it is open already. */
  #open(listener: Listener, wildcard: string, descriptor: number | undefined): void {
    const place = { networkNamespace: this.container.networkNamespace, address: wildcard, port: listener.port };
    const open = listener.protocol === "udp" ? openUdpSocket : openTcpListener;
    const fd = descriptor ?? open(place);
    this.#descriptors.push(fd);
    if (listener.protocol === "udp") {
      const socket = createSocket(wildcard === "::" ? "udp6" : "udp4");
      socket.on("message", (data, { address, port }) => {
        listener.receive(data, { address, port }, (answer) => socket.send(answer, port, address, () => {}));
      });
      socket.on("error", (error) => this.log(`udp ${listener.port}: ${error.message}`));
      socket.bind({ fd });
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
    server.listen({ fd });
    this.#servers.push(server);
  }
}
