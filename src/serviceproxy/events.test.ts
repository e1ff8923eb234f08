import assert from "node:assert/strict";
import { test } from "node:test";
import { services } from "../kubernetes/resource.ts";
import { compileService } from "./compile/compile.ts";
import { type FindObject, ProxyEvents } from "./events.ts";
import { expandService, expandSlice } from "./testing/objects.ts";

/** Events as "kind namespace/name uid: type reason: message". */
function collect() {
  const told: string[] = [];
  const events = new ProxyEvents(
    {
      record: ({ kind }, { metadata }, type, reason, message) =>
        told.push(`${kind} ${metadata?.namespace}/${metadata?.name} ${metadata?.uid}: ${type} ${reason}: ${message}`),
      close: () => Promise.resolve(),
    },
    "n1",
  );
  return { told, events };
}

const find: FindObject = (resource, name, namespace) =>
  resource === services ? { metadata: { name, namespace, uid: "u1" } } : undefined;

test("what is told of the Node goes by its name", () => {
  const { told, events } = collect();
  events.starting();
  events.serverFailed("healthz", new Error("in use"));
  events.serverFailed("metrics", new Error("in use"));
  assert.deepEqual(told, [
    "Node undefined/n1 n1: Normal Starting: ",
    "Node undefined/n1 n1: Warning FailedToStartProxierHealthcheck: starting healthz server failed: in use",
    "Node undefined/n1 n1: Warning FailedToStartMetricServer: starting metrics server failed: in use",
  ]);
});

test("what is told of a Service goes by the object, if it is still there", () => {
  const { told, events } = collect();
  events.healthCheckFailed({ namespace: "a", name: "b" }, 30_001, new Error("in use"), find);
  const service = expandService({
    service: "a/b",
    ip: "10.96.0.9",
    ports: ["x/TCP 70000", "y/TCP 80"],
    external: ["1.2.3"],
  });
  const slice = expandSlice({ slice: "a/b-1", of: "b", ports: ["y/TCP 80"], endpoints: ["10.1.0.256"] });
  const { rows, problems } = compileService(service, [slice], { nodeName: "n1", addresses: [], families: [4] });
  assert.deepEqual(
    rows.map(({ name }) => name),
    ["a/b:y"],
    "everything else is served",
  );
  for (const problem of problems) events.skipped(problem, find);
  const [first, ...others] = told;
  assert.equal(
    first,
    'Service a/b u1: Warning FailedToStartServiceHealthcheck: node n1 failed to start healthcheck "a/b" on port 30001: in use',
  );
  assert.deepEqual(
    others.map((line) => line.slice(0, line.lastIndexOf(": "))),
    [
      "Service a/b u1: Warning SkippedInvalidField: spec.ports[0].port",
      "Service a/b u1: Warning SkippedInvalidField: spec.externalIPs[0]",
      "EndpointSlice a/b-1 undefined: Warning SkippedInvalidField: endpoints[0].addresses[0]",
    ],
  );
});
