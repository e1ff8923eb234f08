import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { closeSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { after, before, describe, it } from "node:test";
import { openTcpListener, openUdpSocket, SystemCallError } from "../../src/linux/setns.ts";
import { createNamespace, type TestNamespace } from "./namespace.ts";

describe("sockets in another network namespace", () => {
  let there: TestNamespace;
  const home = readlinkSync("/proc/thread-self/ns/net");
  before(async () => {
    there = await createNamespace();
  });
  after(() => there?.remove());

  it("listen there, and the process stays at home", async () => {
    const server = createServer((socket) => socket.end("from there\n"));
    server.listen({ fd: openTcpListener({ networkNamespace: there.path, port: 4000 }) });
    const udp = createSocket("udp4");
    udp.on("message", (data, { port, address }) => udp.send(data, port, address));
    udp.bind({ fd: openUdpSocket({ networkNamespace: there.path, port: 4000, address: "127.0.0.1" }) });
    await once(server, "listening");
    assert.equal(readlinkSync("/proc/thread-self/ns/net"), home);
    assert.notEqual(readlinkSync(there.path), home);

    const tcpClient = 'require("net").connect(4000, "127.0.0.1").pipe(process.stdout)';
    assert.equal(await there.run(process.execPath, "-e", tcpClient), "from there\n");
    const udpClient =
      'const s = require("dgram").createSocket("udp4"); s.send("hello", 4000, "127.0.0.1"); s.on("message", (d) => { process.stdout.write(d); s.close() })';
    assert.equal(await there.run(process.execPath, "-e", udpClient), "hello");
    server.close();
    udp.close();
  });

  const failures: [about: string, open: () => unknown, code: string][] = [
    [
      "an address of nobody",
      () => openTcpListener({ networkNamespace: there.path, address: "192.0.2.1", port: 1 }),
      "EADDRNOTAVAIL",
    ],
    ["a namespace that is gone", () => openUdpSocket({ networkNamespace: "/proc/4194305/ns/net", port: 1 }), "ENOENT"],
    [
      "a file that is no network namespace",
      () => openTcpListener({ networkNamespace: "/proc/self/ns/mnt", port: 1 }),
      "EINVAL",
    ],
  ];
  for (const [about, open, code] of failures) {
    it(`fail by name for ${about}`, () => {
      assert.throws(open, { code });
      assert.equal(readlinkSync("/proc/thread-self/ns/net"), home);
    });
  }

  it("say that a port is taken", () => {
    const first = openTcpListener({ networkNamespace: there.path, port: 4002 });
    assert.throws(
      () => openTcpListener({ networkNamespace: there.path, port: 4002 }),
      (error) => error instanceof SystemCallError && error.code === "EADDRINUSE" && error.syscall === "bind",
    );
    closeSync(first);
  });

  it("refuse what is no IPv4 address or port", () => {
    assert.throws(() => openTcpListener({ networkNamespace: there.path, address: "::1", port: 1 }), RangeError);
    assert.throws(() => openTcpListener({ networkNamespace: there.path, port: 65_536 }), RangeError);
  });
});
