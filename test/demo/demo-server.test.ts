import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { after, before, describe, it } from "node:test";
import pino from "pino";
import { programs } from "../../src/cluster/pods/demo/programs/table.ts";
import type { DemoContainer, DemoMessage } from "../../src/cluster/pods/demo/protocol.ts";
import { type DemoServer, startDemoServer } from "../../src/cluster/pods/demo/server.ts";
import { closeDescriptors, copyDescriptors } from "../../src/linux/descriptors.ts";
import { createNamespace, type TestNamespace } from "./namespace.ts";

class Agent {
  readonly socket: Socket;
  readonly #lines: AsyncIterator<string>;
  #id = 0;
  constructor(path: string) {
    this.socket = connect(path);
    const reader: Interface = createInterface({ input: this.socket });
    this.#lines = reader[Symbol.asyncIterator]();
  }
  async next(): Promise<DemoMessage> {
    const { value, done } = await this.#lines.next();
    assert.ok(!done, "the demo server closed the connection");
    return JSON.parse(value) as DemoMessage;
  }
  async ask(request: Record<string, unknown>): Promise<DemoMessage> {
    this.#id += 1;
    this.socket.write(`${JSON.stringify({ id: this.#id, ...request })}\n`);
    return this.next();
  }
}

const continueThenAnswer = `
  const request = require("http").request("http://127.0.0.1/?delay=300", { method: "POST", headers: { expect: "100-continue" } });
  request.on("continue", () => { console.log("continue"); request.end("body"); });
  request.on("response", (r) => console.log(r.statusCode, r.headers.connection));
  request.flushHeaders();
`;

describe("demo server", () => {
  let directory: string;
  let pods: TestNamespace[];
  let server: DemoServer;
  let agent: Agent;
  const socketPath = () => join(directory, "demo.sock");
  const container = (id: string, pod: number, over: Partial<DemoContainer> = {}): DemoContainer => ({
    id,
    program: "echo",
    args: [],
    env: {},
    networkNamespace: pods[pod]!.path,
    logFile: join(directory, `${id}.log`),
    pod: { name: `pod-${id}`, namespace: "default", ip: "10.32.0.3", node: "node1", container: "main" },
    ...over,
  });
  /** The client runs inside the Pod's namespace. */
  const script = (pod: number, code: string, ...args: string[]) =>
    pods[pod]!.run(process.execPath, "-e", code, ...args);
  const get = (pod: number, url: string, headers: Record<string, string> = {}) =>
    script(
      pod,
      "const [url, headers] = process.argv.slice(1); fetch(url, { headers: JSON.parse(headers) }).then((r) => r.text()).then((t) => process.stdout.write(t))",
      url,
      JSON.stringify(headers),
    );

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "fairway-demo-"));
    pods = await Promise.all([createNamespace(), createNamespace()]);
    server = await startDemoServer({ socketPath: socketPath(), programs, log: pino({ enabled: false }) });
    agent = new Agent(socketPath());
    assert.deepEqual(await agent.ask({ op: "sync", keep: [] }), { id: 1, ok: true, running: {} });
  });
  after(async () => {
    agent?.socket.destroy();
    await server?.stop();
    await Promise.all(pods?.map((pod) => pod.remove()) ?? []);
    await rm(directory, { recursive: true, force: true });
  });

  it("keeps its control socket to itself", async () => {
    assert.equal((await stat(socketPath())).mode & 0o777, 0o600);
  });

  it("serves each Pod in its own namespace, on the same port", async () => {
    for (const [index, id] of ["a", "b"].entries()) {
      const reply = await agent.ask({ op: "start", container: container(id, index) });
      assert.equal("ok" in reply && reply.ok, true);
    }
    for (const [index, id] of ["a", "b"].entries()) {
      const report = JSON.parse(
        await get(index, "http://127.0.0.1/x?y=1", { accept: "application/json", "x-test": "1" }),
      );
      assert.equal(report.pod.name, `pod-${id}`);
      assert.equal(report.request.line, "GET /x?y=1 HTTP/1.1");
      assert.equal(report.request.headers["x-test"], "1");
      assert.equal(report.client.address, "127.0.0.1");
    }
  });

  it("answers a second container on the same port as a process that cannot bind", async () => {
    const reply = await agent.ask({ op: "start", container: container("clash", 0) });
    assert.ok("ok" in reply && !reply.ok);
    assert.match(reply.error, /0\.0\.0\.0:80.*address already in use/);
  });

  it("writes what happens to the container's log", async () => {
    await get(0, "http://127.0.0.1/logged");
    await agent.ask({ op: "stop", container: "a" });
    const log = await readFile(join(directory, "a.log"), "utf8");
    assert.match(log, /^fairway\/echo starts\nlistening on http port 80\n/);
    assert.match(log, /^127\.0\.0\.1 .* "GET \/logged HTTP\/1\.1" 200 /m);
    await assert.rejects(get(0, "http://127.0.0.1/"), /ECONNREFUSED/);
  });

  it("lets the answer under way finish when it stops", async () => {
    await agent.ask({ op: "start", container: container("slow", 0) });
    const client = spawn("nsenter", [`--net=${pods[0]!.path}`, process.execPath, "-e", continueThenAnswer], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
    // The server has the request when it asks for the body.
    assert.equal((await lines.next()).value, "continue");
    await agent.ask({ op: "stop", container: "slow", grace: 5000 });
    assert.equal((await lines.next()).value, "200 close");
  });

  it("tells the agent of a container that ends by itself", async () => {
    await agent.ask({ op: "start", container: container("ends", 0) });
    await get(0, "http://127.0.0.1/exit/3");
    assert.deepEqual(await agent.next(), { event: "exited", container: "ends", code: 3 });
  });

  it("echoes TCP and UDP", async () => {
    await agent.ask({ op: "start", container: container("ports", 0, { args: ["--tcp=7000", "--udp", "7001"] }) });
    const tcp =
      'const s = require("net").connect(7000, "127.0.0.1"); s.end("hello\\n"); s.on("data", (d) => process.stdout.write(d))';
    assert.equal(await script(0, tcp), "hello\n");
    const udp =
      'const s = require("dgram").createSocket("udp4"); s.send("who", 7001, "127.0.0.1"); s.on("message", (d) => { process.stdout.write(d); s.close() })';
    assert.equal(JSON.parse(await script(0, udp)).pod.name, "pod-ports");
  });

  it("survives its agent and stops what the next one does not know", async () => {
    agent.socket.destroy();
    assert.match(await get(1, "http://127.0.0.1/"), /pod-b/);
    agent = new Agent(socketPath());
    const reply = await agent.ask({ op: "sync", keep: ["b"] });
    assert.ok("running" in reply);
    assert.deepEqual(Object.keys(reply.running ?? {}), ["b"]);
  });

  it("goes on with sockets that a process has of a dead one, as if it had opened them", async () => {
    const served = container("taken", 0, { args: ["--http=7100", "--udp=7101"] });
    const started = await agent.ask({ op: "start", container: served });
    assert.ok("sockets" in started && started.sockets !== undefined);
    const { pid, descriptors } = started.sockets;
    const sockets = { pid: process.pid, descriptors: copyDescriptors(pid, descriptors) };
    await agent.ask({ op: "stop", container: "taken", grace: 0 });
    // Nobody serves, but the kernel accepts.
    const answer = get(0, "http://127.0.0.1:7100/");
    const resumed = await agent.ask({ op: "start", container: served, sockets });
    assert.ok("ok" in resumed && resumed.ok);
    assert.match(await answer, /pod-taken/);
    closeDescriptors(sockets.descriptors);
    assert.match(await get(0, "http://127.0.0.1:7100/"), /pod-taken/);
    await agent.ask({ op: "stop", container: "taken", grace: 0 });
    await assert.rejects(get(0, "http://127.0.0.1:7100/"));
    const late = await agent.ask({
      op: "start",
      container: served,
      sockets: { pid: process.pid, descriptors: [9999] },
    });
    assert.ok("ok" in late && !late.ok);
    assert.match(late.error, /pidfd_getfd of process \d+: bad file descriptor/);
  });

  it("refuses lines that are no requests and goes on", async () => {
    for (const request of [{ op: "start" }, { op: "fly" }, { op: "stop", container: 3 }, { op: "sync", keep: [1] }]) {
      const reply = await agent.ask(request);
      assert.ok("ok" in reply && !reply.ok && reply.error.startsWith("protocol: "));
    }
    agent.socket.write("nonsense\n[]\n");
    assert.match(await get(1, "http://127.0.0.1/"), /pod-b/);
  });
});
