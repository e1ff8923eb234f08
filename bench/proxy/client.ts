/** What clients and the stream's server do, in namespaces of their own: `client.ts connect|stream|sink|wait ADDRESS PORT [HOW MUCH]`. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { eventually } from "../../test/support/wait.ts";
import { type Quantiles, quantilesOf } from "../figures.ts";

/** Milliseconds from connect(2) on. */
export interface ConnectionTimes {
  /** To the established connection: in userspace mode, to the relay. */
  connect: Quantiles;
  /** To the first byte of an answer. */
  answer: Quantiles;
}

type Place = [address: string, port: number];

async function open([address, port]: Place): Promise<Socket> {
  const socket = connect(port, address);
  await once(socket, "connect");
  return socket;
}

/** The first connections find nothing warm and do not count. */
const warmUp = 100;
/** So many are measured however long it takes. */
const fewest = 20;

/** Connections one after the other, each closed before the next. */
async function measureConnections(place: Place, seconds: number): Promise<ConnectionTimes> {
  const connect: number[] = [];
  const answer: number[] = [];
  const end = performance.now() + seconds * 1000;
  for (let index = -warmUp; index < fewest || performance.now() < end; index += 1) {
    const start = performance.now();
    const socket = await open(place);
    const connected = performance.now() - start;
    socket.write("GET / HTTP/1.0\r\n\r\n");
    await once(socket, "data");
    if (index >= 0) {
      connect.push(connected);
      answer.push(performance.now() - start);
    }
    socket.resetAndDestroy();
    await once(socket, "close");
  }
  return { connect: quantilesOf(connect), answer: quantilesOf(answer) };
}

/** Gbit/s. */
async function measureStream(place: Place, seconds: number): Promise<number> {
  const socket = await open(place);
  const piece = Buffer.alloc(256 * 1024);
  const start = performance.now();
  while (performance.now() - start < seconds * 1000) if (!socket.write(piece)) await once(socket, "drain");
  const bits = (socket.bytesWritten - socket.writableLength) * 8;
  const elapsed = performance.now() - start;
  socket.destroy();
  return bits / elapsed / 1e6;
}

async function act([what, address = "", port, amount]: string[]): Promise<void> {
  const place: Place = [address, Number(port)];
  const print = (figures: unknown) => process.stdout.write(JSON.stringify(figures));
  switch (what) {
    case "connect":
      print(await measureConnections(place, Number(amount)));
      break;
    case "stream":
      print(await measureStream(place, Number(amount)));
      break;
    case "sink":
      createServer((socket) => socket.on("error", () => {}).resume()).listen(place[1], address);
      break;
    case "wait":
      await eventually(
        `${address}:${port} answers`,
        () =>
          open(place).then(
            (socket) => socket.destroy() !== undefined,
            () => false,
          ),
        Boolean,
      );
      break;
  }
}

if (import.meta.main) await act(process.argv.slice(2));
