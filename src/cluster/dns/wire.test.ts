import assert from "node:assert/strict";
import { describe, it } from "node:test";
import packet, { type Packet } from "dns-packet";
import fc from "fast-check";
import { answer } from "./answer.ts";
import { decodeQuery } from "./decode.ts";
import { emptyAnswer, encodeAnswer } from "./encode.ts";
import { sampleRecords } from "./fixture.ts";
import { type Answer, type Query, type ResourceRecord, responseCode } from "./message.ts";
import { respond } from "./server.ts";

const records = sampleRecords();
const zone = { domain: ["cluster", "local"], dnsAddress: "10.96.0.10", serial: 1 };
const resolve = (query: Query): Answer => answer(query.question, records, zone) ?? emptyAnswer(responseCode.NXDOMAIN);

function question(over: Partial<Packet> = {}): Buffer {
  const questions = [{ name: "db.default.svc.cluster.local", type: "A" as const }];
  return packet.encode({ type: "query", id: 7, flags: packet.RECURSION_DESIRED, questions, ...over });
}

const label = fc.string({ minLength: 1, maxLength: 20, unit: fc.constantFrom(..."abcXYZ019-_") });

describe("decodeQuery and encodeAnswer", () => {
  it("never throw on random bytes, and answer only with responses of the same id", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const reply = respond(Buffer.from(bytes), "udp", resolve);
        if (reply === undefined) return;
        assert.equal(reply.readUInt16BE(0), Buffer.from(bytes).readUInt16BE(0));
        assert.ok((reply.readUInt16BE(2) & 0x8000) !== 0 && reply.length <= 1232);
      }),
      { numRuns: 2000 },
    );
  });

  it("never throw on a query with bytes changed, cut or added", () => {
    const original = question({
      additionals: [
        {
          type: "OPT",
          name: ".",
          udpPayloadSize: 1400,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ],
    });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), { maxLength: 6 }),
        fc.nat(original.length),
        fc.uint8Array({ maxLength: 20 }),
        (changes, cut, tail) => {
          const bytes = Buffer.concat([original.subarray(0, cut), tail]);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          const reply = respond(bytes, "udp", resolve);
          if (reply !== undefined) packet.decode(reply);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("read a query as another decoder does", () => {
    fc.assert(
      fc.property(fc.array(label, { minLength: 1, maxLength: 8 }), fc.nat(65_535), fc.boolean(), (labels, id, edns) => {
        const additionals = edns
          ? [
              {
                type: "OPT" as const,
                name: ".",
                udpPayloadSize: 4096,
                extendedRcode: 0,
                ednsVersion: 0,
                flags: 0,
                flag_do: false,
                options: [],
              },
            ]
          : [];
        const decoded = decodeQuery(
          packet.encode({ type: "query", id, questions: [{ name: labels.join("."), type: "SRV" }], additionals }),
        );
        assert.ok(decoded.kind === "query");
        assert.deepEqual(decoded.query.question, { name: labels, type: 33, class: 1 });
        assert.equal(decoded.query.id, id);
        assert.deepEqual(decoded.query.edns, edns ? { version: 0, udpSize: 4096 } : undefined);
      }),
    );
  });

  it("write every type of record so that another decoder reads the same", () => {
    const name = ["Web", "default", "svc", "cluster", "local"];
    const target = ["x", "default", "svc", "cluster", "local"];
    const answers: ResourceRecord[] = [
      { name, ttl: 5, type: "A", address: "10.32.0.255" },
      { name, ttl: 5, type: "AAAA", address: "fd00::73" },
      { name, ttl: 5, type: "CNAME", target },
      { name, ttl: 5, type: "PTR", target },
      { name, ttl: 5, type: "SRV", priority: 0, weight: 50, port: 65_535, target },
      { name, ttl: 5, type: "TXT", text: "1.1.0" },
      {
        name,
        ttl: 5,
        type: "SOA",
        primary: target,
        mailbox: ["hostmaster", ...target],
        serial: 4_294_967_295,
        refresh: 1,
        retry: 2,
        expire: 3,
        minimum: 4,
      },
    ];
    const query: Query = {
      id: 9,
      opcode: 0,
      recursionDesired: true,
      question: { name, type: 255, class: 1 },
      edns: { version: 0, udpSize: 1232 },
    };
    const bytes = encodeAnswer(
      query,
      { code: 0, authoritative: true, answers, authorities: [], additionals: [] },
      1232,
    );
    const decoded = packet.decode(bytes);
    assert.equal(decoded.questions?.[0]?.name, "Web.default.svc.cluster.local");
    assert.deepEqual(
      decoded.answers?.map((record) =>
        "data" in record && record.type !== "TXT" ? [record.type, record.data] : [record.type],
      ),
      [
        ["A", "10.32.0.255"],
        ["AAAA", "fd00::73"],
        ["CNAME", "x.default.svc.cluster.local"],
        ["PTR", "x.default.svc.cluster.local"],
        ["SRV", { priority: 0, weight: 50, port: 65_535, target: "x.default.svc.cluster.local" }],
        ["TXT"],
        [
          "SOA",
          {
            mname: "x.default.svc.cluster.local",
            rname: "hostmaster.x.default.svc.cluster.local",
            serial: 4_294_967_295,
            refresh: 1,
            retry: 2,
            expire: 3,
            minimum: 4,
          },
        ],
      ],
    );
    assert.ok(decoded.answers?.every((record) => record.name === "Web.default.svc.cluster.local"));
    assert.equal(decoded.additionals?.[0]?.type, "OPT");
  });

  it("truncate what is too long, and say so, at any limit", () => {
    const name = ["db", "default", "svc", "cluster", "local"];
    fc.assert(
      fc.property(fc.nat(300), fc.integer({ min: 512, max: 1232 }), fc.boolean(), (count, limit, edns) => {
        const answers: ResourceRecord[] = Array.from({ length: count }, (_, index) => ({
          name,
          ttl: 5,
          type: "A",
          address: `10.32.${index >> 8}.${index & 255}`,
        }));
        const query: Query = {
          id: 1,
          opcode: 0,
          recursionDesired: true,
          question: { name, type: 1, class: 1 },
          edns: edns ? { version: 0, udpSize: limit } : undefined,
        };
        const bytes = encodeAnswer(
          query,
          { code: 0, authoritative: true, answers, authorities: [], additionals: answers },
          limit,
        );
        const decoded = packet.decode(bytes);
        assert.ok(bytes.length <= limit);
        assert.equal(decoded.flag_tc, (decoded.answers?.length ?? 0) < count);
        assert.equal(decoded.additionals?.some(({ type }) => type === "OPT") ?? false, edns);
      }),
    );
  });
});

describe("queries that get an error", () => {
  const code = (bytes: Buffer) => respond(bytes, "udp", resolve)?.readUInt16BE(2);
  const two = question({
    questions: [
      { name: "a", type: "A" },
      { name: "b", type: "A" },
    ],
  });
  const pointerToItself = Buffer.concat([question().subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]);
  const cases: [about: string, bytes: Buffer, code: number | undefined][] = [
    ["two questions", two, responseCode.FORMERR],
    ["a name that points to itself", pointerToItself, responseCode.FORMERR],
    ["bytes after the end", Buffer.concat([question(), Buffer.from([0])]), responseCode.FORMERR],
    ["a cut question", question().subarray(0, 20), responseCode.FORMERR],
    ["another opcode", question({ flags: 4 << 11 }), responseCode.NOTIMP],
  ];
  for (const [about, bytes, expected] of cases) {
    it(about, () => assert.equal((code(bytes) ?? -1) & 0xf, expected));
  }
  it("never answers an answer, or less than a header", () => {
    assert.equal(respond(packet.encode({ type: "response", id: 1 }), "udp", resolve), undefined);
    assert.equal(respond(Buffer.alloc(11), "udp", resolve), undefined);
  });
  it("answers an unknown EDNS version with BADVERS", () => {
    const bytes = question({
      additionals: [
        {
          type: "OPT",
          name: ".",
          udpPayloadSize: 1400,
          extendedRcode: 0,
          ednsVersion: 1,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ],
    });
    const opt = packet.decode(respond(bytes, "udp", resolve)!).additionals?.[0];
    assert.ok(opt?.type === "OPT" && opt.extendedRcode === 1);
  });
});
