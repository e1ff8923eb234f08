import assert from "node:assert/strict";
import { test } from "node:test";
import type { Flow } from "../linux/conntrack.ts";
import { compileService, type NodeContext } from "./compile/compile.ts";
import { changedFrontends, Frontends } from "./stale-flows.ts";
import type { ServicePort } from "./table.ts";
import data from "./testing/conntrack.json" with { type: "json" };
import { expandService, expandSlice, type ShortService, type ShortSlice } from "./testing/objects.ts";

const node: NodeContext = { nodeName: "n", addresses: [], families: [4] };
const ownAddress = "192.168.0.2";
const isLocal = (address: string) => address === ownAddress;

function compile(service: ShortService, slices: ShortSlice[]): ServicePort[] {
  const own = slices.filter(({ of }) => of === service.service.split("/")[1]);
  return compileService(expandService(service), own.map(expandSlice), node).rows;
}
function flow(destination: string, destinationPort: number, replySource: string, replySourcePort: number): Flow {
  return { protocol: "UDP", destination, destinationPort, replySource, replySourcePort };
}

for (const { name, services, slices, entries } of data.cases)
  test(name, () => {
    const frontends = new Frontends();
    for (const service of services) for (const row of compile(service, slices)) frontends.set(row);
    for (const entry of entries) {
      const [, protocol, destination, port, source, sourcePort, verdict] =
        /^(\w+) (\S+):(\d+) > (\S+):(\d+) (\w+)$/.exec(entry) ?? assert.fail(entry);
      // Flows of other protocols are not even asked for.
      if (protocol !== "UDP") {
        assert.equal(verdict, "kept");
        continue;
      }
      const to = destination === "*" ? ownAddress : destination!;
      const stale = frontends.stale([flow(to, Number(port), source!, Number(sourcePort))], isLocal);
      assert.equal(stale.length === 1, verdict === "stale", entry);
    }
  });

const dns: ShortService = { service: "kube-system/dns", ip: "10.96.0.10", ports: ["dns/UDP 53 node 30053"] };
const slice = (...endpoints: string[]): ShortSlice => ({
  slice: "kube-system/dns",
  of: "dns",
  ports: ["dns/UDP 53"],
  endpoints,
});

test("a Service that is deleted keeps nobody, one that took its address over keeps its own", () => {
  const [before] = compile(dns, [slice("10.1.0.1")]);
  const old = flow("10.96.0.10", 53, "10.1.0.1", 53);
  assert.deepEqual(changedFrontends([{ key: before!.key, before }]).stale([old], isLocal), [old]);
  const [heir] = compile({ ...dns, service: "kube-system/heir" }, [{ ...slice("10.1.0.1"), of: "heir" }]);
  const changes = [
    { key: heir!.key, after: heir },
    { key: before!.key, before },
  ];
  assert.deepEqual(changedFrontends(changes).stale([old], isLocal), []);
});

test("every client of a dead endpoint is stale; flows that only share a node port's number are left alone", () => {
  const [row] = compile(dns, [slice("10.1.0.2")]);
  const frontends = new Frontends();
  frontends.set(row!);
  const dead = flow("10.96.0.10", 53, "10.1.0.1", 53);
  const elsewhere = flow("203.0.113.7", 30_053, "203.0.113.7", 30_053);
  const nodePort = flow(ownAddress, 30_053, "10.1.0.1", 53);
  const other = { ...dead };
  assert.deepEqual(frontends.stale([dead, other, elsewhere, nodePort], isLocal), [dead, other, nodePort]);
});

test("UDP: an endpoint that only joins others puts no flow in question; a Service's first one, or a new place, does", () => {
  const none = compile(dns, [slice()])[0]!;
  const one = compile(dns, [slice("10.1.0.1")])[0]!;
  const two = compile(dns, [slice("10.1.0.1", "10.1.0.2")])[0]!;
  const reached = compile({ ...dns, external: ["192.0.2.1"] }, [slice("10.1.0.1", "10.1.0.2")])[0]!;
  const isAsked = (before: ServicePort | undefined, after: ServicePort) =>
    [...changedFrontends([{ key: one.key, before, after }]).families()].length > 0;
  assert.equal(isAsked(one, two), false);
  assert.equal(isAsked({ ...one, affinitySeconds: 60 }, one), false);
  for (const [before, after] of [
    [undefined, one],
    [none, one],
    [one, none],
    [two, one],
    [two, reached],
  ] as const)
    assert.ok(isAsked(before, after));
});

test("TCP: attempts that met a dead endpoint are forgotten, and looked for only when one left", () => {
  const web: ShortService = { service: "default/web", ip: "10.96.0.20", ports: ["http/TCP 80 node 30080"] };
  const webSlice = (...endpoints: string[]): ShortSlice => ({
    slice: "default/web",
    of: "web",
    ports: ["http/TCP 8080"],
    endpoints,
  });
  const [two] = compile(web, [webSlice("10.1.0.1", "10.1.0.2")]);
  const [one] = compile(web, [webSlice("10.1.0.1")]);
  const to = (endpoint: string): Flow => ({ ...flow(ownAddress, 30_080, endpoint, 8080), protocol: "TCP" });
  const left = changedFrontends([{ key: one!.key, before: two, after: one }]);
  assert.deepEqual([...left.families()], [4]);
  assert.deepEqual(left.stale([to("10.1.0.1"), to("10.1.0.2")], isLocal), [to("10.1.0.2")]);
  const came = changedFrontends([{ key: one!.key, before: one, after: two }]);
  assert.deepEqual([...came.families()], []);
  const gone = changedFrontends([{ key: one!.key, before: one }]);
  assert.deepEqual(gone.stale([to("10.1.0.1")], isLocal), [to("10.1.0.1")]);
});
