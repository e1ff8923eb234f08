import assert from "node:assert/strict";
import { test } from "node:test";
import type { IPFamily } from "../../../kubernetes/ip-family.ts";
import type { Pod, Service } from "../../../kubernetes/types.ts";
import { desiredGroups, endpointOf, endpointPorts, familiesOf, selectsPods } from "./desired.ts";
import { sliceLabels } from "./slice.ts";
import { TriggerTimes } from "./trigger-time.ts";

function service(spec: Service["spec"] = {}): Service {
  return {
    metadata: { name: "web", namespace: "default", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }], ...spec },
  };
}

interface Shape {
  ready?: boolean;
  deleting?: boolean;
  phase?: string;
  ip?: string;
  port?: number | undefined;
  since?: string;
  spec?: Partial<NonNullable<Pod["spec"]>>;
}

function pod(name: string, shape: Shape = {}): Pod {
  const { ready = true, deleting, phase = "Running", ip = "10.32.0.3", spec, since = "2026-01-01T00:01:00Z" } = shape;
  const port = "port" in shape ? shape.port : 8080;
  return {
    metadata: { name, namespace: "default", uid: name, ...(deleting && { deletionTimestamp: "2026-01-01T00:02:00Z" }) },
    spec: {
      nodeName: "n1",
      containers: [{ name: "c", ...(port !== undefined && { ports: [{ name: "http", containerPort: port }] }) }],
      ...spec,
    },
    status: {
      phase,
      podIP: ip,
      conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: since }],
    },
  };
}

test("ready, serving, terminating (KEP-1672)", () => {
  const cases: [Shape, boolean, [ready: boolean, serving: boolean, terminating: boolean]][] = [
    [{}, false, [true, true, false]],
    [{ ready: false }, false, [false, false, false]],
    [{ deleting: true }, false, [false, true, true]],
    [{ ready: false, deleting: true }, false, [false, false, true]],
    [{ ready: false }, true, [true, false, false]],
    [{ ready: false, deleting: true }, true, [true, false, true]],
  ];
  for (const [shape, publishNotReadyAddresses, [ready, serving, terminating]] of cases) {
    const { conditions } = endpointOf(service({ publishNotReadyAddresses }), pod("a", shape), undefined, "10.32.0.3");
    assert.deepEqual(conditions, { ready, serving, terminating }, JSON.stringify([shape, publishNotReadyAddresses]));
  }
});

test("trafficDistribution gives hints to ready endpoints", () => {
  const node = (zone?: string) => ({ metadata: { labels: { ...(zone && { "topology.kubernetes.io/zone": zone }) } } });
  const forZones = [{ name: "z1" }];
  const forNodes = [{ name: "n1" }];
  const cases: [distribution: string | undefined, zone: string | undefined, shape: Shape, hints: object | undefined][] =
    [
      [undefined, "z1", {}, undefined],
      ["PreferClose", "z1", {}, { forZones }],
      ["PreferSameZone", "z1", {}, { forZones }],
      ["PreferSameZone", undefined, {}, undefined],
      ["PreferSameNode", "z1", {}, { forZones, forNodes }],
      ["PreferSameNode", undefined, {}, { forNodes }],
      ["PreferSameZone", "z1", { ready: false }, undefined],
      ["PreferSameZone", "z1", { deleting: true }, undefined],
    ];
  for (const [trafficDistribution, zone, shape, hints] of cases) {
    const endpoint = endpointOf(service({ trafficDistribution }), pod("a", shape), node(zone), "10.32.0.3");
    assert.deepEqual(endpoint.hints, hints, JSON.stringify([trafficDistribution, zone, shape]));
  }
});

test("an endpoint says where it is, and its hostname only to the Service of its subdomain", () => {
  const node = { metadata: { labels: { "topology.kubernetes.io/zone": "z1" } } };
  const named = pod("a", { spec: { hostname: "web-0", subdomain: "web" } });
  assert.deepEqual(endpointOf(service(), named, node, "10.32.0.3"), {
    addresses: ["10.32.0.3"],
    conditions: { ready: true, serving: true, terminating: false },
    hostname: "web-0",
    nodeName: "n1",
    targetRef: { kind: "Pod", name: "a", namespace: "default", uid: "a" },
    zone: "z1",
  });
  const other = pod("a", { spec: { hostname: "web-0", subdomain: "db" } });
  assert.equal(endpointOf(service(), other, node, "10.32.0.3").hostname, undefined);
});

test("target ports", () => {
  const sidecar = { name: "s", restartPolicy: "Always", ports: [{ name: "admin", containerPort: 9000 }] };
  const target = pod("a", { spec: { initContainers: [sidecar] } });
  const cases: [NonNullable<NonNullable<Service["spec"]>["ports"]>, object[]][] = [
    [[{ port: 80 }], [{ name: "", port: 80, protocol: "TCP" }]],
    [[{ port: 80, targetPort: 3000 }], [{ name: "", port: 3000, protocol: "TCP" }]],
    [[{ name: "w", port: 80, targetPort: "http" }], [{ name: "w", port: 8080, protocol: "TCP" }]],
    [[{ port: 80, targetPort: "http", protocol: "UDP" }], []],
    [[{ port: 80, targetPort: "nope" }], []],
    [[{ port: 80, targetPort: "admin" }], [{ name: "", port: 9000, protocol: "TCP" }]],
    [[{ port: 80, targetPort: 1, appProtocol: "h2c" }], [{ name: "", port: 1, protocol: "TCP", appProtocol: "h2c" }]],
    [[], []],
  ];
  for (const [ports, expected] of cases)
    assert.deepEqual(endpointPorts(service({ ports }), target), expected, JSON.stringify(ports));
});

test("Pods with different named ports are in different groups; ended and addressless ones in none", () => {
  const pods = [
    pod("a"),
    pod("b", { port: 9090 }),
    pod("c"),
    pod("d", { port: undefined }),
    pod("e", { phase: "Succeeded" }),
    pod("f", { phase: "Failed" }),
    pod("g", { ip: "" }),
    pod("h", { deleting: true }),
  ];
  const groups = [...desiredGroups(service(), pods, () => undefined, "IPv4").values()];
  assert.deepEqual(
    groups.map(({ ports, endpoints }) => [ports[0]?.port, endpoints.map(({ targetRef }) => targetRef?.name)]),
    [
      [8080, ["a", "c", "h"]],
      [9090, ["b"]],
      [undefined, ["d"]],
    ],
  );
});

test("each family has the addresses that Pods have in it", () => {
  const dual = (name: string, ...ips: string[]) => {
    const one = pod(name, { ip: ips[0] });
    one.status!.podIPs = ips.map((ip) => ({ ip }));
    return one;
  };
  const pods = [dual("a", "10.32.0.3", "fd00::3"), dual("b", "10.32.0.4"), dual("c", "fd00::5"), pod("d", { ip: "" })];
  const addresses = (family: IPFamily) =>
    [...desiredGroups(service(), pods, () => undefined, family).values()].flatMap(({ endpoints }) =>
      endpoints.flatMap((endpoint) => endpoint.addresses),
    );
  assert.deepEqual(
    [addresses("IPv4"), addresses("IPv6")],
    [
      ["10.32.0.3", "10.32.0.4"],
      ["fd00::3", "fd00::5"],
    ],
  );
});

test("the families of a Service, also of one from before there were families", () => {
  const cases: [Service["spec"], IPFamily[]][] = [
    [{ ipFamilies: ["IPv6", "IPv4"] }, ["IPv6", "IPv4"]],
    [{ clusterIP: "fd00::5" }, ["IPv6"]],
    [{ clusterIP: "None" }, ["IPv4"]],
  ];
  for (const [spec, families] of cases) assert.deepEqual(familiesOf({ spec }), families);
});

test("which Services get slices from Pods", () => {
  assert.equal(selectsPods(service()), true);
  assert.equal(selectsPods(service({ selector: undefined })), false);
  assert.equal(selectsPods(service({ selector: {} })), false);
  assert.equal(selectsPods(service({ type: "ExternalName" })), false);
});

test("slices carry the Service's labels, its name, and whether it is headless", () => {
  const labelled = service({ clusterIP: "None" });
  labelled.metadata!.labels = { team: "a", "kubernetes.io/service-name": "lie" };
  assert.deepEqual(sliceLabels(labelled), {
    team: "a",
    "kubernetes.io/service-name": "web",
    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    "service.kubernetes.io/headless": "",
  });
  const usual = service({ clusterIP: "10.96.0.5" });
  usual.metadata!.labels = { "service.kubernetes.io/headless": "" };
  assert.equal(sliceLabels(usual)["service.kubernetes.io/headless"], undefined);
});

test("the trigger time is the earliest that is new", () => {
  const times = new TriggerTimes();
  const first = pod("a", { since: "2026-01-01T00:01:00Z" });
  const second = pod("b", { since: "2026-01-01T00:05:00Z" });
  assert.equal(times.update("k", service(), [first]), "2026-01-01T00:00:00Z", "the Service itself");
  assert.equal(times.update("k", service(), [first]), undefined);
  assert.equal(times.update("k", service(), [first, second]), "2026-01-01T00:05:00Z");
  const later = [pod("a", { since: "2026-01-01T00:07:00Z" }), pod("b", { since: "2026-01-01T00:06:00Z" })];
  assert.equal(times.update("k", service(), later), "2026-01-01T00:06:00Z");
  assert.equal(times.update("k", service(), []), undefined, "a Pod that is gone tells no time");
  times.forget("k");
  assert.equal(times.update("k", service(), [first]), "2026-01-01T00:00:00Z");
});
