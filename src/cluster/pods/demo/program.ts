import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { DemoContainer } from "./protocol.ts";

/** What a demo program sees of the container it runs in. */
export interface Runtime {
  readonly container: DemoContainer;
  /** One line to the container's log; a line break inside is escaped. */
  log(line: string): void;
  /** Ends the container as a process's exit does: listeners close at once, answers under way are finished. */
  exit(code: number): void;
}

export interface HttpRequest extends IncomingMessage {
  /** The path, percent-decoded when it can be. */
  path: string;
  query: URLSearchParams;
}

export type Listener =
  | { protocol: "http"; port: number; handle(request: HttpRequest, response: ServerResponse): void | Promise<void> }
  | { protocol: "tcp"; port: number; serve(socket: Socket): void }
  | {
      protocol: "udp";
      port: number;
      receive(data: Buffer, client: Client, reply: (data: string | Buffer) => void): void;
    };

export interface Client {
  address: string;
  port: number;
}

/** A demo program: reads its arguments and environment, and says what to listen on and how to answer. */
export interface Program {
  /** Value of the Server header, "fairway-stand-in/NAME" for whatever imitates another program. */
  server: string;
  /** Its first log line; a stand-in says here that it is one. */
  greeting: string;
  /** Throws UsageError for arguments that the real program would refuse. */
  listeners(runtime: Runtime): Listener[];
}

/** Wrong arguments or environment; the message is what the program would have written before it exited. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
