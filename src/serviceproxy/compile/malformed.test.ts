/** Objects that no API server should have let in: they are read as far as they make sense, and nobody else's Service suffers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAddress, parseAddress } from "../../ip/address.ts";
import type { EndpointSlice, Service } from "../../kubernetes/types.ts";
import { slimService, slimSlice } from "../slim.ts";
import type { ServicePort } from "../table.ts";
import { testNode } from "../testing/iptables-fixture.ts";
import { expandService, expandSlice } from "../testing/objects.ts";
import { compileService } from "./compile.ts";

const service = expandService({
  service: "shop/web",
  ips: ["10.96.0.1", "fd00:96::1"],
  ip: "10.96.0.1",
  type: "LoadBalancer",
  ports: ["http/TCP 80 node 30080", "dns/UDP 53"],
  external: ["192.0.2.1"],
  balancer: ["192.0.2.2"],
  ranges: ["203.0.113.0/24"],
  affinity: 10,
  etp: "Local",
  itp: "Local",
  health: 32_000,
});
const slice = expandSlice({
  slice: "shop/web-1",
  of: "web",
  ports: ["http/TCP 8080", "dns/UDP 5353"],
  endpoints: ["10.1.0.1 @test-node", "10.1.0.2 zones=a nodes=b"],
});

const junk = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(null, "", -1, 65_536, 1e300, 0.5, "__proto__", "300.1.1.1", "::ffff:1.2.3.4", [], {}, [
    null,
  ]),
  fc.constant(Array.from({ length: 2000 }, () => "no address")),
  fc.constant(JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}')),
);

/** The same with some of its parts replaced or taken away; the object's own name stays, by which it is found. */
function spoilt<T extends object>(object: T): fc.Arbitrary<T> {
  const paths = pathsOf(object).filter((path) => !["metadata", "metadata.name"].includes(path.join(".")));
  const change = fc.tuple(fc.constantFrom(...paths), fc.option(junk, { nil: undefined }));
  return fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
    const copy = structuredClone(object);
    for (const [path, value] of changes) replaceAt(copy, path, value);
    return copy;
  });
}

function pathsOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return path.length > 0 ? [path] : [];
  return [
    ...(path.length > 0 ? [path] : []),
    ...Object.entries(value).flatMap(([key, part]) => pathsOf(part, [...path, key])),
  ];
}

function replaceAt(object: object, path: readonly string[], value: unknown): void {
  let place = object as Record<string, unknown>;
  for (const key of path.slice(0, -1)) {
    if (typeof place[key] !== "object" || place[key] === null) return;
    place = place[key] as Record<string, unknown>;
  }
  place[path.at(-1)!] = structuredClone(value);
}

function assertServable(row: ServicePort): void {
  const isPort = (port: number) => Number.isInteger(port) && port >= 0 && port <= 65_535;
  const isCanonical = (text: string) => {
    const address = parseAddress(text);
    return address?.family === row.family && formatAddress(address) === text;
  };
  assert.ok([row.port, row.nodePort, row.healthCheckNodePort].every(isPort), JSON.stringify(row));
  assert.ok(row.port > 0);
  assert.match(row.name, /^[a-z0-9-]+\/[a-z0-9-]+:[a-z0-9-]*$/);
  for (const address of [row.clusterIP, ...row.externalIPs, ...row.loadBalancerIPs])
    assert.ok(isCanonical(address), address);
  for (const { address, port, ready } of [...row.cluster, ...row.local]) {
    assert.ok(isCanonical(address) && isPort(port) && port > 0, `${address} ${port}`);
    assert.equal(typeof ready, "boolean");
  }
}

test("whatever a Service and its slices hold, what comes of them can be written, and little is said about it", () => {
  fc.assert(
    fc.property(spoilt<Service>(service), fc.array(spoilt<EndpointSlice>(slice), { maxLength: 2 }), (bad, slices) => {
      const { rows, problems } = compileService(slimService(bad), [slice, ...slices].map(slimSlice), testNode);
      for (const row of rows) assertServable(row);
      assert.ok(problems.length <= 20);
      assert.equal(({} as { polluted?: boolean }).polluted, undefined);
    }),
    { numRuns: 1000 },
  );
});

test("what is wrong in one place leaves the rest as it is", () => {
  const spec = { ...service.spec, externalIPs: [null, "300.0.0.1", 5, "192.0.2.1"] } as unknown as Service["spec"];
  const { rows, problems } = compileService(slimService({ ...service, spec }), [slimSlice(slice)], testNode);
  const whole = compileService(slimService(service), [slimSlice(slice)], testNode);
  assert.deepEqual(rows, whole.rows);
  assert.deepEqual(
    [...new Set(problems.map(({ field, problem }) => `${field}: ${problem}`))],
    ['spec.externalIPs[0]: "300.0.0.1" is not an IP address', "spec.externalIPs[1]: 5 is not an IP address"],
  );
});
