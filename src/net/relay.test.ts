import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { dial } from "./dial.ts";
import { relay } from "./relay.ts";

/** Sends the chunks, with a turn of the event loop between them, and ends. */
async function say(socket: Socket, chunks: readonly Uint8Array[]): Promise<void> {
  for (const chunk of chunks) {
    if (!socket.write(chunk)) await once(socket, "drain");
    await new Promise(setImmediate);
  }
  socket.end();
}

async function hear(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  // Not "for await", which closes a socket that has ended on one side.
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "end");
  return Buffer.concat(chunks);
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

describe("relay", () => {
  const servers: Server[] = [];
  let port: number;
  let closed = 0;
  /** Gets what the relay connects to. */
  let accepted: (socket: Socket) => void;
  before(async () => {
    const upstream = createServer({ allowHalfOpen: true }, (socket) => accepted(socket));
    const address = { address: "127.0.0.1", port: await listen(upstream) };
    const front = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
      dial(address, 1000, (error, socket) => {
        assert.equal(error, undefined);
        relay(client, socket!, () => {
          closed += 1;
        });
      });
    });
    port = await listen(front);
    servers.push(upstream, front);
  });
  after(() => {
    for (const server of servers) server.close();
  });

  /** A client and, on the other side of the relay, whom it talks with. */
  async function pair(): Promise<[Socket, Socket]> {
    const { promise, resolve } = Promise.withResolvers<Socket>();
    accepted = resolve;
    const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    return [client, await promise];
  }

  test("every byte arrives in order both ways, whatever the chunks and whoever ends first", async () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(chunks, chunks, fc.constantFrom("client", "server", "both"), async (up, down, first) => {
        const before = closed;
        const [client, server] = await pair();
        const [atServer, atClient] = [hear(server), hear(client)];
        if (first === "both") await Promise.all([say(client, up), say(server, down)]);
        else {
          const [early, late] = first === "client" ? [client, server] : [server, client];
          await say(early, early === client ? up : down);
          // Only after the end has come through does the other side begin.
          await (early === client ? atServer : atClient);
          await say(late, late === client ? up : down);
        }
        assert.deepEqual(await atServer, Buffer.concat(up));
        assert.deepEqual(await atClient, Buffer.concat(down));
        for (const socket of [client, server]) if (!socket.closed) await once(socket, "close");
        while (closed === before) await new Promise(setImmediate);
        assert.equal(closed, before + 1);
      }),
      { numRuns: 60 },
    );
  });

  test("a reader that stops holds the writer back, and gets everything when it goes on", async () => {
    const [client, server] = await pair();
    const block = Buffer.alloc(65_536, "x");
    let sent = 0;
    // The kernel's buffers of three connections hold some megabytes; the relay itself must not hold the rest.
    while (sent < 256 * 2 ** 20 && client.writableLength < 2 ** 20) {
      client.write(block);
      sent += block.length;
      await new Promise(setImmediate);
    }
    assert.ok(sent < 256 * 2 ** 20, "the writer was never held back");
    client.end();
    let heard = 0;
    server.on("data", (chunk) => {
      heard += chunk.length;
    });
    await once(server, "end");
    assert.equal(heard, sent);
    server.end();
    await once(client.resume(), "close");
  });

  for (const [title, choose] of [
    ["the client's", ([client, server]: [Socket, Socket]) => [client, server] as const],
    ["the server's", ([client, server]: [Socket, Socket]) => [server, client] as const],
  ] as const)
    test(`${title} reset comes through as a reset`, async () => {
      const [resetting, other] = choose(await pair());
      resetting.write("half of an ans");
      await once(other, "data");
      resetting.resetAndDestroy();
      const [error] = await once(other, "error");
      assert.equal(error.code, "ECONNRESET");
    });

  test("dialling: a refusal is told", async () => {
    const gone = createServer();
    const unused = await listen(gone);
    gone.close();
    await once(gone, "close");
    const attempt = (address: string, to: number, timeout: number) =>
      new Promise<string | undefined>((resolve) => {
        dial({ address, port: to }, timeout, (error) => resolve((error as NodeJS.ErrnoException | undefined)?.code));
      });
    assert.equal(await attempt("127.0.0.1", unused, 1000), "ECONNREFUSED");
  });
});
