import assert from "node:assert/strict";
import { mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { DemoContainer, DemoRequest, Sockets } from "./demo/protocol.ts";
import { DemoClient } from "./demo-client.ts";

function container(id: string): DemoContainer {
  const pod = { name: id, namespace: "default", ip: "10.32.0.2", node: "node1", container: "c" };
  return { id, program: "echo", args: [], env: {}, networkNamespace: "/proc/self/ns/net", logFile: "/dev/null", pod };
}

/** How many descriptors this process has of the socket behind one of them. */
async function copiesOf(descriptor: number): Promise<number> {
  const target = await readlink(`/proc/self/fd/${descriptor}`);
  const all = await readdir("/proc/self/fd");
  const targets = await Promise.all(all.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => "")));
  return targets.filter((other) => other === target).length;
}

describe("the demo server's client", () => {
  let directory: string;
  let control: Server;
  let listener: Server;
  let onRequest: (request: DemoRequest, connection: number, socket: Socket) => void;
  const seen: string[] = [];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "fairway-demo-client-"));
    let connections = 0;
    control = createServer((socket) => {
      connections += 1;
      const connection = connections;
      socket.on("error", () => {});
      createInterface(socket).on("line", (line) => {
        const request = JSON.parse(line) as DemoRequest;
        seen.push(`${connection} ${request.op}${request.op === "start" ? ` ${request.container.id}` : ""}`);
        onRequest(request, connection, socket);
      });
    });
    listener = createServer();
    await new Promise<void>((resolve) => control.listen(join(directory, "demo.sock"), resolve));
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  });
  after(async () => {
    control.close();
    listener.close();
    await rm(directory, { recursive: true });
  });

  test("asks a server only once it stands, also when one died while it went on with what was served", async () => {
    const wanted: DemoContainer[] = [];
    const lost: string[] = [];
    const { fd } = (listener as Server & { _handle: { fd: number } })._handle;
    const sockets: Sockets = { pid: process.pid, descriptors: [fd] };
    const client = new DemoClient({
      socketPath: join(directory, "demo.sock"),
      wanted: () => wanted,
      onLost: (ids) => lost.push(...ids),
      onExit: () => {},
      onNotHeld: (error) => assert.fail(error),
    });
    let connected: Socket | undefined;
    let second: Promise<void> | undefined;
    onRequest = (request, connection, socket) => {
      connected = socket;
      if (connection === 2 && request.op === "start") {
        second = client.start(container("second"));
        socket.destroy();
      } else socket.write(`${JSON.stringify({ id: request.id, ok: true, running: {}, sockets })}\n`);
    };
    client.open();
    try {
      await client.start(container("first"));
      wanted.push(container("first"));
      for (let tries = 0; (await copiesOf(fd)) < 2 && tries < 400; tries += 1) await sleep(25);
      connected?.destroy();
      for (let tries = 0; second === undefined && tries < 400; tries += 1) await sleep(25);
      assert.ok(second, "nobody went on with the first container");
      await second;
      assert.deepEqual(lost, []);
      assert.deepEqual(seen, [
        "1 sync",
        "1 start first",
        "2 sync",
        "2 start first",
        "3 sync",
        "3 start first",
        "3 start second",
      ]);
    } finally {
      client.close();
      connected?.destroy();
    }
  });
});
