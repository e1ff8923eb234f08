import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { after, describe, test } from "node:test";
import { DescriptorBudget, parseOpenFilesLimit } from "./budget.ts";
import type { Place } from "./dial.ts";
import { UdpRelay } from "./udp-relay.ts";

const sockets: Socket[] = [];
after(() => {
  for (const socket of sockets) socket.close();
});

async function bound(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}
/** Answers with its name and what it got. */
async function server(name: string): Promise<Place> {
  const socket = await bound();
  sockets.push(socket);
  socket.on("message", (data, { port, address }) => socket.send(`${name} ${data}`, port, address));
  return { address: "127.0.0.1", port: socket.address().port };
}
async function client(): Promise<Socket> {
  const socket = await bound();
  sockets.push(socket);
  return socket;
}
async function ask(socket: Socket, port: number, text: string): Promise<string> {
  socket.send(text, port, "127.0.0.1");
  const [answer, { port: from }] = await once(socket, "message", { signal: AbortSignal.timeout(5000) });
  assert.equal(from, port, "answers come from where the question went");
  return String(answer);
}

describe("UDP relay", () => {
  async function start(places: Place[], { capacity = 100, idleTimeout = 60_000 } = {}) {
    const socket = await bound();
    const budget = new DescriptorBudget(capacity);
    let next = 0;
    const refused: number[] = [];
    const relay = new UdpRelay({
      socket,
      idleTimeout,
      budget,
      choose: () => places[next++ % places.length],
      refused: (_, place) => refused.push(place.port),
    });
    return { relay, budget, refused, port: socket.address().port };
  }

  test("a client keeps its place, another client gets the next one", async () => {
    const { relay, port } = await start([await server("a"), await server("b")]);
    const [one, two] = [await client(), await client()];
    assert.equal(await ask(one, port, "1"), "a 1");
    assert.equal(await ask(two, port, "2"), "b 2");
    assert.equal(await ask(one, port, "3"), "a 3");
    assert.equal(relay.sessions, 2);
    relay.close();
  });

  test("datagrams that come before the session is ready are not lost, and stay in order", async () => {
    const { relay, port } = await start([await server("a")]);
    const one = await client();
    const answers: string[] = [];
    one.on("message", (data) => answers.push(String(data)));
    for (const text of ["1", "2", "3"]) one.send(text, port, "127.0.0.1");
    while (answers.length < 3) await once(one, "message", { signal: AbortSignal.timeout(5000) });
    assert.deepEqual(answers, ["a 1", "a 2", "a 3"]);
    relay.close();
  });

  test("a place that is gone is left at once, the others' sessions stay", async () => {
    const [a, b] = [await server("a"), await server("b")];
    const { relay, port } = await start([a, b, b]);
    const [one, two] = [await client(), await client()];
    await ask(one, port, "1");
    await ask(two, port, "2");
    relay.retain(({ port: place }) => place !== a.port);
    assert.equal(relay.sessions, 1);
    assert.equal(await ask(one, port, "3"), "b 3");
    relay.close();
  });

  test("a refusal ends the session: the next datagram goes elsewhere", async () => {
    const gone = await bound();
    const nobody = { address: "127.0.0.1", port: gone.address().port };
    gone.close();
    await once(gone, "close");
    const { relay, port, refused } = await start([nobody, await server("b")]);
    const one = await client();
    one.send("lost", port, "127.0.0.1");
    while (refused.length === 0) await new Promise(setImmediate);
    assert.deepEqual(refused, [nobody.port]);
    assert.equal(await ask(one, port, "2"), "b 2");
    relay.close();
  });

  test("idle sessions end and give their descriptors back", async () => {
    const { relay, port, budget } = await start([await server("a")], { idleTimeout: 100 });
    await ask(await client(), port, "1");
    assert.equal(budget.used, 1);
    // The sweeper does not keep a process alive; this does.
    const alive = setInterval(() => {}, 10);
    while (budget.used > 0) await new Promise(setImmediate);
    clearInterval(alive);
    assert.equal(relay.sessions, 0);
    relay.close();
  });

  test("without a descriptor the oldest session makes room for the next client", async () => {
    const { relay, port, budget } = await start([await server("a")], { capacity: 2 });
    const [one, two, three] = [await client(), await client(), await client()];
    await ask(one, port, "1");
    await ask(two, port, "2");
    await ask(one, port, "3");
    three.send("lost", port, "127.0.0.1");
    while (relay.sessions === 2 || budget.used === 2) await new Promise(setImmediate);
    assert.equal(await ask(three, port, "4"), "a 4");
    assert.equal(await ask(one, port, "5"), "a 5");
    assert.equal(budget.used, 2);
    relay.close();
  });
});

test("descriptors are taken all or none", () => {
  const budget = new DescriptorBudget(3);
  assert.equal(budget.take(2), true);
  assert.equal(budget.take(2), false);
  assert.equal(budget.used, 2);
  budget.give(2);
  assert.equal(budget.take(3), true);
});

test("the limit of open files", () => {
  const text = (soft: string) => `Max processes   1 2 processes\nMax open files            ${soft}   20000   files\n`;
  assert.equal(parseOpenFilesLimit(text("1024")), 1024);
  assert.equal(parseOpenFilesLimit(text("unlimited")), Number.POSITIVE_INFINITY);
  assert.throws(() => parseOpenFilesLimit(""), /number of open files/);
});
