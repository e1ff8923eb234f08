import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answer, type Zone } from "./answer.ts";
import { sampleRecords } from "./fixture.ts";
import { type Answer, type ResourceRecord, recordType, responseCode } from "./message.ts";

const zone: Zone = { domain: ["cluster", "local"], dnsAddress: "10.96.0.10", serial: 7 };
const records = sampleRecords();

function ask(name: string, type: keyof typeof recordType): Answer | undefined {
  return answer({ name: name.split("."), type: recordType[type], class: 1 }, records, zone);
}

function show(record: ResourceRecord): string {
  const data = () => {
    switch (record.type) {
      case "A":
      case "AAAA":
        return record.address;
      case "SRV":
        return `${record.priority} ${record.weight} ${record.port} ${record.target.join(".")}`;
      case "TXT":
        return record.text;
      case "SOA":
        return record.primary.join(".");
      default:
        return record.target.join(".");
    }
  };
  return `${record.type} ${data()}`;
}

describe("names that exist", () => {
  const cases: [name: string, type: keyof typeof recordType, answers: string[]][] = [
    ["kubernetes.default.svc.cluster.local", "A", ["A 10.96.0.1"]],
    ["KuberNetes.Default.SVC.cluster.LOCAL", "A", ["A 10.96.0.1"]],
    ["web.shop.svc.cluster.local", "AAAA", ["AAAA fd00::73"]],
    ["plain.default.svc.cluster.local", "A", ["A 10.96.7.7"]],
    ["six.shop.svc.cluster.local", "AAAA", ["AAAA fd00:10:96::6"]],
    ["db.default.svc.cluster.local", "AAAA", ["AAAA fd00:10:32::3", "AAAA fd00:10:32:1::5"]],
    ["db-0.db.default.svc.cluster.local", "AAAA", ["AAAA fd00:10:32::3"]],
    ["fd00-10-32-1--5.db.default.svc.cluster.local", "AAAA", ["AAAA fd00:10:32:1::5"]],
    ["fd00-10-32--3.default.pod.cluster.local", "AAAA", ["AAAA fd00:10:32::3"]],
    ["_http._tcp.web.shop.svc.cluster.local", "SRV", ["SRV 0 100 80 web.shop.svc.cluster.local"]],
    ["_dns._udp.web.shop.svc.cluster.local", "SRV", ["SRV 0 100 53 web.shop.svc.cluster.local"]],
    ["db.default.svc.cluster.local", "A", ["A 10.32.0.3", "A 10.32.4.5"]],
    ["db-0.db.default.svc.cluster.local", "A", ["A 10.32.0.3"]],
    ["10-32-4-5.db.default.svc.cluster.local", "A", ["A 10.32.4.5"]],
    [
      "_sql._tcp.db.default.svc.cluster.local",
      "SRV",
      [
        "SRV 0 33 5432 db-0.db.default.svc.cluster.local",
        "SRV 0 33 5432 10-32-4-5.db.default.svc.cluster.local",
        "SRV 0 33 5432 fd00-10-32-1--5.db.default.svc.cluster.local",
      ],
    ],
    [
      "db.default.svc.cluster.local",
      "SRV",
      [
        "SRV 0 33 5432 db-0.db.default.svc.cluster.local",
        "SRV 0 33 5432 10-32-4-5.db.default.svc.cluster.local",
        "SRV 0 33 5432 fd00-10-32-1--5.db.default.svc.cluster.local",
      ],
    ],
    ["outside.default.svc.cluster.local", "A", ["CNAME www.example.com"]],
    ["outside.default.svc.cluster.local", "CNAME", ["CNAME www.example.com"]],
    ["inside.default.svc.cluster.local", "A", ["CNAME web.shop.svc.cluster.local", "A 10.103.188.73"]],
    ["10-32-0-3.default.pod.cluster.local", "A", ["A 10.32.0.3"]],
    ["dns-version.cluster.local", "TXT", ["TXT 1.1.0"]],
    ["cluster.local", "SOA", ["SOA ns.dns.cluster.local"]],
    ["cluster.local", "NS", ["NS ns.dns.cluster.local"]],
    ["ns.dns.cluster.local", "A", ["A 10.96.0.10"]],
    ["1.0.96.10.in-addr.arpa", "PTR", ["PTR kubernetes.default.svc.cluster.local"]],
    ["3.0.32.10.IN-ADDR.arpa", "PTR", ["PTR db-0.db.default.svc.cluster.local"]],
    ["5.4.32.10.in-addr.arpa", "PTR", ["PTR 10-32-4-5.db.default.svc.cluster.local"]],
    [
      "3.7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
      "PTR",
      ["PTR web.shop.svc.cluster.local"],
    ],
    [
      "3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.3.0.0.0.1.0.0.0.0.d.f.ip6.arpa",
      "PTR",
      ["PTR db-0.db.default.svc.cluster.local"],
    ],
  ];
  for (const [name, type, answers] of cases) {
    it(`${type} ${name}`, () => {
      const found = ask(name, type);
      assert.deepEqual(found?.answers.map(show), answers);
      assert.equal(found?.code, responseCode.NOERROR);
      assert.equal(found?.authoritative, true);
      assert.deepEqual(found?.answers[0]?.name, name.split("."), "the first owner is spelled as asked");
    });
  }

  it("adds the addresses of SRV targets", () => {
    const found = ask("_sql._tcp.db.default.svc.cluster.local", "SRV");
    assert.deepEqual(found?.additionals.map(show), [
      "A 10.32.0.3",
      "AAAA fd00:10:32::3",
      "A 10.32.4.5",
      "AAAA fd00:10:32:1::5",
    ]);
  });

  it("follows an alias that leads to itself a bounded number of steps", () => {
    const found = ask("loop.default.svc.cluster.local", "A");
    assert.ok(found !== undefined && found.answers.length < 20);
  });
});

describe("names without records of the type asked: NOERROR, no answer, SOA", () => {
  const cases: [name: string, type: keyof typeof recordType][] = [
    ["kubernetes.default.svc.cluster.local", "AAAA"],
    ["kubernetes.default.svc.cluster.local", "TXT"],
    ["plain.default.svc.cluster.local", "SRV"],
    ["six.shop.svc.cluster.local", "A"],
    ["fd00-10-32-1--5.db.default.svc.cluster.local", "A"],
    ["empty.default.svc.cluster.local", "A"],
    ["_tcp.web.shop.svc.cluster.local", "SRV"],
    ["cluster.local", "A"],
    ["svc.cluster.local", "A"],
    ["bare.svc.cluster.local", "A"],
    ["pod.cluster.local", "A"],
    ["bare.pod.cluster.local", "A"],
    ["10-32-0-3.default.pod.cluster.local", "AAAA"],
    ["dns.cluster.local", "A"],
    ["96.10.in-addr.arpa", "PTR"],
    ["1.0.96.10.in-addr.arpa", "A"],
  ];
  for (const [name, type] of cases) {
    it(`${type} ${name}`, () => {
      const found = ask(name, type);
      assert.equal(found?.code, responseCode.NOERROR);
      assert.deepEqual(found?.answers, []);
      assert.deepEqual(found?.authorities.map(show), ["SOA ns.dns.cluster.local"]);
    });
  }
});

describe("names that do not exist: NXDOMAIN, SOA", () => {
  for (const name of [
    "nothing.default.svc.cluster.local",
    "web.default.svc.cluster.local",
    "web.nowhere.svc.cluster.local",
    "nowhere.svc.cluster.local",
    "x.web.shop.svc.cluster.local",
    "_http._udp.web.shop.svc.cluster.local",
    "_nope._tcp.web.shop.svc.cluster.local",
    "_sctp.web.shop.svc.cluster.local",
    "x._http._tcp.web.shop.svc.cluster.local",
    "db-2.db.default.svc.cluster.local",
    "x.db-0.db.default.svc.cluster.local",
    "10-32-0-300.default.pod.cluster.local",
    "x.10-32-0-3.default.pod.cluster.local",
    "10-32-0-3.nowhere.pod.cluster.local",
    "other.cluster.local",
    "x.dns-version.cluster.local",
    "example.com.default.svc.cluster.local",
    "9.8.32.10.in-addr.arpa",
    "9.9.96.10.in-addr.arpa",
    "256.0.96.10.in-addr.arpa",
    "x.1.0.96.10.in-addr.arpa",
  ]) {
    it(name, () => {
      const found = ask(name, "A");
      assert.equal(found?.code, responseCode.NXDOMAIN);
      assert.deepEqual(found?.answers, []);
      assert.equal(found?.authorities[0]?.type, "SOA");
      const apex = name.endsWith("arpa") ? ["in-addr", "arpa"] : ["cluster", "local"];
      assert.deepEqual(found?.authorities[0]?.name, apex);
    });
  }
});

describe("questions that are not the cluster's", () => {
  for (const name of ["example.com", "local", "xcluster.local", "arpa", "com"]) {
    it(name, () => assert.equal(ask(name, "A"), undefined));
  }
  it("refuses zone transfers and other classes", () => {
    assert.equal(ask("cluster.local", "AXFR")?.code, responseCode.REFUSED);
    const chaos = answer({ name: ["version", "bind"], type: 16, class: 3 }, records, zone);
    assert.equal(chaos?.code, responseCode.REFUSED);
  });
});
