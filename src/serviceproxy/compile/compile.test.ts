import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAddress } from "../../ip/address.ts";
import type { EndpointSlice, Service } from "../../kubernetes/types.ts";
import { formatRow, type ServicePort } from "../table.ts";
import { expandService, expandSlice, type ShortService, type ShortSlice } from "../testing/objects.ts";
import { compileService, type NodeContext } from "./compile.ts";

const node: NodeContext = { nodeName: "here", addresses: [parseAddress("192.168.0.2")!], families: [4, 6] };
const web: ShortService = { service: "shop/web", ip: "10.96.0.20", ports: ["http/TCP 80"] };
const ready: ShortSlice = {
  slice: "shop/web-1",
  of: "web",
  ports: ["http/TCP 8080"],
  endpoints: ["10.1.0.1", "10.1.0.2 @here"],
};

function compile(service: ShortService, slices: ShortSlice[] = [ready]) {
  const { rows, problems } = compileService(expandService(service), slices.map(expandSlice), node);
  return { rows, problems: problems.map(({ object, field, problem }) => `${object} ${field}: ${problem}`) };
}
const addresses = (endpoints: ServicePort["cluster"]) => endpoints.map(({ address }) => address);

test("a row says all there is to know, also to people", () => {
  const { rows, problems } = compile({
    ...web,
    type: "NodePort",
    ports: ["http/TCP 80 node 30080"],
    external: ["192.0.2.9"],
  });
  assert.deepEqual(problems, []);
  assert.equal(rows.length, 1);
  assert.equal(
    formatRow(rows[0]!),
    `shop/web:http TCP IPv4: 10.96.0.20 port 80 -> cluster, external 192.0.2.9 -> cluster, node port 30080 -> cluster
    cluster 10.1.0.1 8080 (elsewhere, ready)
    cluster 10.1.0.2 8080 (here, ready)
`,
  );
});

test("where externalIPs are not allowed, a Service has its other addresses", () => {
  const service = { ...web, type: "NodePort", ports: ["http/TCP 80 node 30080"], external: ["192.0.2.9", "nonsense"] };
  const { rows, problems } = compileService(expandService(service), [], { ...node, externalIPs: false });
  assert.deepEqual([rows[0]?.externalIPs, rows[0]?.nodePort, problems], [[], 30_080, []]);
});

const skipped: [what: string, service: Partial<ShortService>][] = [
  ["headless", { ip: "None" }],
  ["without an address yet", { ip: "" }],
  ["a name for another host, even with an address", { type: "ExternalName" }],
];
for (const [what, service] of skipped)
  test(`a Service ${what} has no rows`, () => {
    assert.deepEqual(compile({ ...web, ...service }), { rows: [], problems: [] });
  });

const policies: [
  name: string,
  service: Partial<ShortService>,
  endpoints: string[],
  internal: string,
  external: string,
][] = [
  ["nobody at all", {}, [], "reject", "reject"],
  ["nobody ready", {}, ["10.1.0.1 ready=no"], "reject", "reject"],
  ["still serving", {}, ["10.1.0.1 ready=no serving=yes terminating=yes"], "cluster", "cluster"],
  ["internal Local, here", { itp: "Local" }, ["10.1.0.1 @here"], "local", "cluster"],
  ["internal Local, elsewhere", { itp: "Local" }, ["10.1.0.1"], "drop", "cluster"],
  ["external Local, here", { etp: "Local" }, ["10.1.0.1 @here"], "cluster", "local"],
  ["external Local, elsewhere", { etp: "Local" }, ["10.1.0.1"], "cluster", "drop"],
  ["both Local, nobody", { itp: "Local", etp: "Local" }, [], "reject", "reject"],
];
for (const [name, service, endpoints, internal, external] of policies)
  test(`policies: ${name}`, () => {
    const short = { ...web, type: "NodePort", ports: ["http/TCP 80 node 30080"], ...service };
    const [row] = compile(short, [{ ...ready, endpoints }]).rows;
    assert.deepEqual([row!.internal, row!.external], [internal, external]);
  });

test("externalTrafficPolicy means nothing to a Service that nobody outside can reach", () => {
  const [row] = compile({ ...web, etp: "Local" }).rows;
  assert.equal(row!.externalLocal, false);
  assert.deepEqual(row!.local, []);
});

test("a Service with both families is two rows, each with the endpoints of its family", () => {
  const six: ShortSlice = {
    slice: "shop/web-6",
    of: "web",
    type: "IPv6",
    ports: ["http/TCP 8080"],
    endpoints: ["fd00:0:0::1"],
  };
  const { rows } = compile({ ...web, ips: ["10.96.0.20", "fd00:96::20"] }, [ready, six]);
  assert.deepEqual(
    rows.map(({ key, clusterIP, cluster }) => [key, clusterIP, ...addresses(cluster)]),
    [
      ["shop/web:http/tcp/4", "10.96.0.20", "10.1.0.1", "10.1.0.2"],
      ["shop/web:http/tcp/6", "fd00:96::20", "fd00::1"],
    ],
  );
});

test("the same number on TCP and UDP, and endpoints that serve UDP", () => {
  const dns: ShortService = { service: "kube-system/dns", ip: "10.96.0.10", ports: ["dns/UDP 53", "dns-tcp/TCP 53"] };
  const slice: ShortSlice = {
    slice: "kube-system/dns-1",
    of: "dns",
    ports: ["dns/UDP 5353", "dns-tcp/TCP 5354"],
    endpoints: ["10.1.0.1", "10.1.0.2 ready=no serving=yes terminating=yes", "10.1.0.3 ready=no serving=no"],
  };
  const { rows } = compile(dns, [slice]);
  assert.deepEqual(
    rows.map(({ key, cluster, serving }) => [key, cluster[0]!.port, serving]),
    [
      ["kube-system/dns:dns/udp/4", 5353, ["10.1.0.1:5353", "10.1.0.2:5353"]],
      ["kube-system/dns:dns-tcp/tcp/4", 5354, []],
    ],
  );
});

test("load balancers: mode Proxy is none of ours, ranges are trimmed, everybody's range is no filter", () => {
  const balanced: ShortService = {
    ...web,
    type: "LoadBalancer",
    balancer: ["192.0.2.1", "192.0.2.2 Proxy", "192.0.2.3 VIP"],
    ranges: [" 203.0.113.0/25", "192.168.0.0/16", "fd00::/64"],
  };
  const [row] = compile(balanced).rows;
  assert.deepEqual(row!.loadBalancerIPs, ["192.0.2.1", "192.0.2.3"]);
  assert.deepEqual(row!.sourceRanges, ["203.0.113.0/25", "192.168.0.0/16"]);
  assert.equal(row!.nodeInSourceRanges, true);
  const [open] = compile({ ...balanced, ranges: ["203.0.113.0/25", "0.0.0.0/0"] }).rows;
  assert.deepEqual(open!.sourceRanges, []);
});

test("what makes no sense is left out and told, everything else is served", () => {
  const { rows, problems } = compile({
    ...web,
    ports: ["http/TCP 80", "huge/TCP 99999", "Bad_Name/TCP 81", "odd/QUIC 82", "http/TCP 83", "np/TCP 84 node 70000"],
    external: ["192.0.2.1", "not-an-address"],
    ranges: ["192.0.2.0"],
    affinity: -1,
  });
  assert.deepEqual(
    rows.map(({ name, port, nodePort, externalIPs, affinitySeconds }) => [
      name,
      port,
      nodePort,
      externalIPs,
      affinitySeconds,
    ]),
    [
      ["shop/web:http", 80, 0, ["192.0.2.1"], 10_800],
      ["shop/web:np", 84, 0, ["192.0.2.1"], 10_800],
    ],
  );
  assert.deepEqual([...new Set(problems)].length, 8);
  assert.ok(problems.includes('Service shop/web spec.externalIPs[1]: "not-an-address" is not an IP address'));
  const hostile = expandService({ ...web, service: 'shop/web" -j ACCEPT #' });
  assert.deepEqual(compileService(hostile, [], node).rows, []);
});

test("whatever an API may hold compiles to rows or to problems, never to an exception", () => {
  const junk = fc.anything({ maxDepth: 3 });
  const service = fc.record({
    metadata: fc.record({ name: fc.constantFrom("web", "", "A b"), namespace: fc.constant("shop") }),
    spec: fc.record(
      {
        clusterIP: fc.oneof(fc.constant("10.96.0.20"), junk),
        clusterIPs: junk,
        type: junk,
        ports: fc.oneof(junk, fc.array(fc.record({ name: junk, port: junk, protocol: junk, nodePort: junk }))),
        externalIPs: junk,
        loadBalancerSourceRanges: junk,
        sessionAffinity: fc.constantFrom("ClientIP", "None"),
        sessionAffinityConfig: fc.record({ clientIP: fc.record({ timeoutSeconds: junk }) }),
        externalTrafficPolicy: junk,
      },
      { requiredKeys: ["clusterIP"] },
    ),
    status: fc.record({ loadBalancer: fc.record({ ingress: junk }) }),
  });
  const slice = fc.record({
    metadata: fc.constant({ name: "web-1", namespace: "shop" }),
    addressType: fc.constantFrom("IPv4", "IPv6", "FQDN"),
    ports: fc.oneof(junk, fc.array(fc.record({ name: junk, port: junk, protocol: junk }))),
    endpoints: fc.oneof(junk, fc.array(fc.record({ addresses: junk, conditions: junk, hints: junk, nodeName: junk }))),
  });
  fc.assert(
    fc.property(service, fc.array(slice, { maxLength: 2 }), (hostile, slices) => {
      const { rows } = compileService(hostile as Service, slices as EndpointSlice[], node);
      for (const row of rows) assert.match(row.name, /^[-a-z0-9]+\/[-a-z0-9]+:[-a-z0-9]*$/);
    }),
    { numRuns: 500 },
  );
});
