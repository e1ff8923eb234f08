import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import type { Duplex, Readable, Writable } from "node:stream";
import type { WebSocket } from "ws";
import { enterContainer, killGroup } from "../pods/exec.ts";
import type { PodContainer } from "../pods/pod-container.ts";
import { cleanEnvironment } from "../pods/script.ts";
import { channel, type ExecOptions, exitStatus, failureStatus, parseExec, parseResize } from "./exec-protocol.ts";
import { RequestError, type Target } from "./request.ts";

export interface Upgrade {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
}

const protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
const maximumSessions = 100;
/** A client that reads slower than the program writes stops the program, not the agent. */
const highWater = 1 << 20;
const longestMessage = 16 << 20;
const pingInterval = 20_000;
const sessions = new WeakMap<Target["context"], Set<ChildProcess>>();

/** What an exec is begun with. Throws a RequestError that says why it cannot begin, if only the connection were right. */
export function admitExec({ context }: Target, container: PodContainer, query: URLSearchParams) {
  const options = parseExec(query);
  const run = container.current;
  if (run === undefined || run.exit !== undefined)
    throw new RequestError(400, `container ${container.spec.name} is not running`);
  const running = sessions.get(context) ?? new Set();
  sessions.set(context, running);
  if (running.size >= maximumSessions)
    throw new RequestError(429, `more than ${maximumSessions} exec sessions on this node`);
  return { options, run, running };
}

/** Runs a command in a running container, its streams over a WebSocket. Rejects before the upgrade when it cannot. */
export async function serveExec(
  target: Target,
  container: PodContainer,
  query: URLSearchParams,
  { request, socket, head }: Upgrade,
): Promise<void> {
  const { context, pods } = target;
  const { options, run, running } = admitExec(target, container, query);
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((text) => text.trim());
  if (!protocols.some((name) => offered.includes(name)))
    throw new RequestError(400, `no common subprotocol: this server speaks ${protocols.join(" and ")}`);
  const owner = pods.workers().find(({ containers }) => containers.includes(container));
  if (owner !== undefined) await context.volumes.prepare(owner.pod, container.spec);
  await context.runtime.ensureRoot(run);
  const argv = enterContainer(run, options.tty ? ["/usr/bin/env", "TERM=xterm", ...options.command] : options.command);
  const session = await start(argv, options);
  running.add(session.child);
  session.child.once("exit", () => running.delete(session.child));
  const { WebSocketServer } = await import("ws");
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: longestMessage,
    perMessageDeflate: false,
    handleProtocols: (names) => protocols.find((name) => names.has(name)) ?? false,
  });
  server.handleUpgrade(request, socket, head, (client) => connectStreams(client, session, options));
}

interface Session {
  child: ChildProcess;
  stdin?: Writable;
  stdout?: Readable;
  stderr?: Readable;
  resize: (columns: number, rows: number) => void;
}

async function start([program = "", ...args]: string[], { tty, stdin }: ExecOptions): Promise<Session> {
  const common = { detached: true, env: cleanEnvironment, cwd: "/" };
  if (!tty) {
    const child = spawn(program, args, { ...common, stdio: [stdin ? "pipe" : "ignore", "pipe", "pipe"] });
    child.stdin?.on("error", () => {});
    return {
      child,
      stdin: child.stdin ?? undefined,
      stdout: child.stdout ?? undefined,
      stderr: child.stderr ?? undefined,
      resize: () => {},
    };
  }
  const { openPseudoTerminal } = await import("../../linux/pty.ts");
  const { master, slave, resize } = openPseudoTerminal();
  // `setsid --ctty` makes the terminal the controlling one, so that Ctrl-C becomes a signal.
  const child = spawn("setsid", ["--ctty", "--wait", program, ...args], { ...common, stdio: [slave, slave, slave] });
  closeSync(slave);
  // Reading fails with EIO when the last program has left the terminal: that is its end.
  master.on("error", () => {});
  return { child, stdin: stdin ? (master as unknown as Writable) : undefined, stdout: master, resize };
}

function connectStreams(
  client: WebSocket,
  { child, stdin, stdout, stderr, resize }: Session,
  options: ExecOptions,
): void {
  const send = (number: number, data: Uint8Array | string) => {
    if (client.readyState === client.OPEN) client.send(Buffer.concat([Buffer.of(number), Buffer.from(data)]));
  };
  const streams: Promise<void>[] = [];
  const pump = (stream: Readable | undefined, number: number, wanted: boolean) => {
    if (stream === undefined) return;
    streams.push(new Promise((resolve) => stream.on("close", resolve).on("end", resolve)));
    stream.on("data", (data: Buffer) => {
      if (!wanted) return;
      send(number, data);
      if (client.bufferedAmount < highWater) return;
      stream.pause();
      const timer = setInterval(() => {
        if (client.bufferedAmount >= highWater && client.readyState === client.OPEN) return;
        clearInterval(timer);
        stream.resume();
      }, 10);
    });
  };
  pump(stdout, channel.stdout, options.stdout || options.tty);
  pump(stderr, channel.stderr, options.stderr);
  client.on("message", (message: Buffer) => {
    const [number, ...rest] = [message[0], message.subarray(1)] as const;
    const data = rest[0] ?? Buffer.alloc(0);
    if (number === channel.stdin && stdin?.writable) {
      if (stdin.write(data)) return;
      client.pause();
      stdin.once("drain", () => client.resume());
    } else if (number === channel.resize) {
      const size = parseResize(data);
      if (size !== undefined) resize(size.columns, size.rows);
    } else if (number === channel.close && data[0] === channel.stdin && !options.tty) stdin?.end();
  });
  let alive = true;
  client.on("pong", () => {
    alive = true;
  });
  const pings = setInterval(() => {
    if (!alive) client.terminate();
    alive = false;
    if (client.readyState === client.OPEN) client.ping();
  }, pingInterval);
  client.on("error", () => {});
  client.on("close", () => {
    clearInterval(pings);
    killGroup(child);
  });
  child.on("error", (error) => {
    send(channel.error, JSON.stringify(failureStatus(error.message)));
    client.close(1000);
  });
  child.on("exit", (code, signal) => {
    // What the program wrote last comes before its status; a child it left behind may hold the streams open for ever.
    const late = new Promise((resolve) => setTimeout(resolve, 500));
    void Promise.race([Promise.all(streams), late]).then(() => {
      send(channel.error, JSON.stringify(exitStatus(code ?? 128 + (signal === "SIGKILL" ? 9 : 15))));
      client.close(1000);
    });
  });
}
