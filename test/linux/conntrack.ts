/** A peer that never answers makes flows that stay as they are. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { type AddressInfo, connect, createServer } from "node:net";
import { before, test } from "node:test";
import { run } from "../../src/linux/command.ts";
import { deleteFlows, listFlows } from "../../src/linux/conntrack.ts";
import { eventually } from "../support/wait.ts";

const silent = 7;
const silence = `table inet lab {
  chain output {
    type filter hook output priority 0
    ct state new accept
  }
  chain input {
    type filter hook input priority 0
    meta l4proto { tcp, udp } th dport ${silent} drop
  }
}
`;

/** Sends a datagram that nobody answers. */
async function sendUdp(port: number, address: string): Promise<void> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  await new Promise<void>((resolve) => socket.bind(port, resolve));
  await new Promise((resolve) => socket.send("x", silent, address, resolve));
  socket.close();
}

before(async () => {
  await run("ip", ["link", "set", "lo", "up"]);
  await run("nft", ["-f", "-"], { input: silence });
});

test("UDP: all flows of a family are listed, and just the one that is named is forgotten", async () => {
  for (const port of [5001, 5002]) await sendUdp(port, "127.0.0.1");
  await sendUdp(5003, "::1");
  const flows = await listFlows(4, "UDP");
  assert.deepEqual(
    flows.map(({ protocol, destination, destinationPort, replySource, replySourcePort }) =>
      [protocol, destination, destinationPort, replySource, replySourcePort].join(" "),
    ),
    Array(2).fill(`UDP 127.0.0.1 ${silent} 127.0.0.1 ${silent}`),
  );
  await deleteFlows(4, flows.slice(0, 1));
  assert.deepEqual(
    (await listFlows(4, "UDP")).map(({ identity }) => identity),
    flows.slice(1).map(({ identity }) => identity),
  );
  // The first of them is gone already.
  await deleteFlows(4, flows);
  assert.equal((await listFlows(4, "UDP")).length, 0);
  const [six, ...others] = await listFlows(6, "UDP");
  assert.equal(six?.destination, "::1");
  assert.equal(others.length, 0);
  await deleteFlows(6, [six!]);
  assert.equal((await listFlows(6, "UDP")).length, 0);
});

test("a flow that the kernel does not delete keeps no other", async () => {
  for (const port of [5004, 5005]) await sendUdp(port, "127.0.0.1");
  const [first, second] = await listFlows(4, "UDP");
  // What no kernel takes stands for what it refuses.
  const refused = { ...first!, identity: first!.identity.map(([type]) => [type, Buffer.alloc(1)] as const) };
  await assert.rejects(
    deleteFlows(4, [refused, second!]),
    /^Error: 1 of 2 flows are left; the first: netlink: delete a UDP flow/,
  );
  assert.deepEqual(await listFlows(4, "UDP"), [first]);
  await deleteFlows(4, [first!]);
});

test("TCP: only attempts that nobody has answered", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const answered = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await new Promise((resolve) => answered.on("connect", resolve));
  const attempt = connect(silent, "127.0.0.1");
  attempt.on("error", () => {});
  const listed = () => listFlows(4, "TCP");
  const [flow, ...others] = await eventually("the attempt is listed", listed, ({ length }) => length > 0);
  assert.equal(flow?.destinationPort, silent);
  assert.equal(others.length, 0);
  attempt.destroy();
  await deleteFlows(4, [flow!]);
  assert.equal((await listed()).length, 0);
  answered.destroy();
  server.close();
});
