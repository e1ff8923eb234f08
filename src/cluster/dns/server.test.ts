import assert from "node:assert/strict";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import packet from "dns-packet";
import pino from "pino";
import { answer } from "./answer.ts";
import type { ClusterRecords } from "./cluster-records.ts";
import { emptyAnswer } from "./encode.ts";
import { sampleRecords } from "./fixture.ts";
import { responseCode } from "./message.ts";
import { type DnsServer, startDnsServer } from "./server.ts";

const log = pino({ enabled: false });

function manyEndpoints(count: number): ClusterRecords {
  const records = sampleRecords();
  records.setService({ metadata: { name: "many", namespace: "default" }, spec: { clusterIP: "None" } });
  records.setSlice({
    metadata: { name: "many-1", namespace: "default", labels: { "kubernetes.io/service-name": "many" } },
    addressType: "IPv4",
    endpoints: Array.from({ length: count }, (_, index) => ({ addresses: [`10.33.${index >> 8}.${index & 255}`] })),
  });
  return records;
}

describe("DNS server, asked by a real resolver", () => {
  let server: DnsServer;
  let port: number;
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  before(async () => {
    const records = manyEndpoints(1000);
    const zone = { domain: ["cluster", "local"], dnsAddress: "10.96.0.10", serial: 1 };
    server = await startDnsServer(
      "127.0.0.1",
      0,
      (query) => answer(query.question, records, zone) ?? emptyAnswer(responseCode.NXDOMAIN),
      log,
    );
    port = server.port;
    resolver.setServers([`127.0.0.1:${port}`]);
  });
  after(() => server.stop());

  it("answers A, SRV, PTR, CNAME and TXT", async () => {
    assert.deepEqual(await resolver.resolve4("kubernetes.default.svc.cluster.local"), ["10.96.0.1"]);
    const [srv] = await resolver.resolveSrv("_http._tcp.web.shop.svc.cluster.local");
    assert.deepEqual([srv?.name, srv?.port, srv?.priority, srv?.weight], ["web.shop.svc.cluster.local", 80, 0, 100]);
    assert.deepEqual(await resolver.reverse("10.32.0.3"), ["db-0.db.default.svc.cluster.local"]);
    assert.deepEqual(await resolver.resolveCname("outside.default.svc.cluster.local"), ["www.example.com"]);
    assert.deepEqual(await resolver.resolveTxt("dns-version.cluster.local"), [["1.1.0"]]);
  });

  it("gives an answer too long for a datagram over TCP", async () => {
    const addresses = await resolver.resolve4("many.default.svc.cluster.local");
    assert.equal(new Set(addresses).size, 1000);
  });

  it("tells a name that does not exist from one without such records", async () => {
    await assert.rejects(resolver.resolve4("nothing.default.svc.cluster.local"), { code: "ENOTFOUND" });
    await assert.rejects(resolver.resolve6("kubernetes.default.svc.cluster.local"), { code: "ENODATA" });
  });

  it("answers several questions on one TCP connection, however they are cut", async () => {
    const socket = connect(port, "127.0.0.1");
    const bytes = Buffer.concat(
      [1, 2, 3].map((id) =>
        packet.streamEncode({ type: "query", id, questions: [{ type: "A", name: "plain.default.svc.cluster.local" }] }),
      ),
    );
    for (let at = 0; at < bytes.length; at += 7) {
      if (!socket.write(bytes.subarray(at, at + 7))) await once(socket, "drain");
    }
    let received = Buffer.alloc(0);
    const ids: (number | undefined)[] = [];
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const length = 2 + received.readUInt16BE(0);
        ids.push(packet.streamDecode(received.subarray(0, length)).id);
        received = received.subarray(length);
      }
      if (ids.length === 3) break;
    }
    assert.deepEqual(ids, [1, 2, 3]);
  });

  it("hangs up on a TCP client that sends no query", async () => {
    const socket = connect(port, "127.0.0.1");
    socket.write(Buffer.from([0, 3, 1, 2, 3]));
    socket.resume();
    await once(socket, "close");
  });

  it("says when its address is taken", async () => {
    await assert.rejects(
      startDnsServer("127.0.0.1", port, () => emptyAnswer(0), log),
      { code: "EADDRINUSE" },
    );
  });
});
