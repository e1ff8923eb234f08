import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Service } from "../../../../kubernetes/types.ts";
import { created, print, problemsOfCreate, problemsOfUpdate, updated } from "../testing.ts";
import { service } from "./service.ts";

const port = { port: 80 };
const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const name1035 =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

describe("defaults", () => {
  const common = {
    sessionAffinity: "None",
    internalTrafficPolicy: "Cluster",
  };
  const ports = [{ port: 80, protocol: "TCP", targetPort: 80 }];
  const cases: [string, object, object][] = [
    ["ClusterIP", { ports: [port] }, { ...common, type: "ClusterIP", ports }],
    [
      "NodePort",
      { type: "NodePort", ports: [{ ...port, targetPort: "http", protocol: "UDP" }] },
      {
        ...common,
        type: "NodePort",
        ports: [{ port: 80, protocol: "UDP", targetPort: "http" }],
        externalTrafficPolicy: "Cluster",
      },
    ],
    [
      "LoadBalancer",
      { type: "LoadBalancer", ports: [port] },
      {
        ...common,
        type: "LoadBalancer",
        ports,
        externalTrafficPolicy: "Cluster",
        allocateLoadBalancerNodePorts: true,
      },
    ],
    [
      "ExternalName",
      { type: "ExternalName", externalName: "a.example" },
      { type: "ExternalName", externalName: "a.example", sessionAffinity: "None" },
    ],
    [
      "affinity",
      { ports: [port], sessionAffinity: "ClientIP" },
      {
        ...common,
        type: "ClusterIP",
        ports,
        sessionAffinity: "ClientIP",
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
      },
    ],
    [
      "a given address",
      { ports: [port], clusterIP: "10.96.0.5" },
      { ...common, type: "ClusterIP", ports, clusterIP: "10.96.0.5", clusterIPs: ["10.96.0.5"] },
    ],
  ];
  for (const [title, spec, expected] of cases) {
    test(title, () => {
      const object = created(service, { spec, status: { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } } }) as Service;
      assert.deepEqual(object.spec, expected);
      assert.deepEqual(object.status, { loadBalancer: {} });
    });
  }
});

describe("create", () => {
  const cases: [string, object, string[]][] = [
    ["a good one", { ports: [port] }, []],
    ["headless without ports", { clusterIP: "None" }, []],
    ["no ports", {}, ["spec.ports: Required value"]],
    [
      "two ports without names",
      { ports: [port, { port: 81 }] },
      ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"],
    ],
    [
      "two ports with one name",
      {
        ports: [
          { name: "a", port: 80 },
          { name: "a", port: 81 },
        ],
      },
      ['spec.ports[1].name: Duplicate value: "a"'],
    ],
    [
      "one port twice",
      {
        ports: [
          { name: "a", port: 80 },
          { name: "b", port: 80 },
        ],
      },
      ['spec.ports[1]: Duplicate value: {"port":80,"protocol":"TCP"}'],
    ],
    [
      "one port for two protocols",
      {
        ports: [
          { name: "a", port: 53 },
          { name: "b", port: 53, protocol: "UDP" },
        ],
      },
      [],
    ],
    [
      "a name in capitals",
      { ports: [{ ...port, name: "HTTP" }] },
      [`spec.ports[0].name: Invalid value: "HTTP": ${label}`],
    ],
    [
      "a port out of range",
      { ports: [{ port: 65536 }] },
      [
        "spec.ports[0].port: Invalid value: 65536: must be between 1 and 65535, inclusive",
        "spec.ports[0].targetPort: Invalid value: 65536: must be between 1 and 65535, inclusive",
      ],
    ],
    [
      "an unknown protocol",
      { ports: [{ ...port, protocol: "ICMP" }] },
      ['spec.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"'],
    ],
    [
      "a node port of a ClusterIP",
      { ports: [{ ...port, nodePort: 30080 }] },
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      "one node port twice",
      {
        type: "NodePort",
        ports: [
          { name: "a", port: 80, nodePort: 30080 },
          { name: "b", port: 81, nodePort: 30080 },
        ],
      },
      ["spec.ports[1].nodePort: Duplicate value: 30080"],
    ],
    [
      "a headless NodePort",
      { type: "NodePort", clusterIP: "None", ports: [port] },
      ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"],
    ],
    [
      "an unknown type",
      { type: "External", ports: [port] },
      [
        'spec.type: Unsupported value: "External": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ],
    ],
    [
      "an address that is none",
      { clusterIP: "10.96.0", ports: [port] },
      ['spec.clusterIPs[0]: Invalid value: "10.96.0": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ],
    [
      "two addresses that differ",
      { clusterIP: "10.96.0.5", clusterIPs: ["10.96.0.6"], ports: [port] },
      ['spec.clusterIPs: Invalid value: ["10.96.0.6"]: first value must match `clusterIP`'],
    ],
    [
      "affinity for too long",
      { ports: [port], sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 86401 } } },
      [
        "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400",
      ],
    ],
    [
      "unknown affinity",
      { ports: [port], sessionAffinity: "Cookie" },
      ['spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", "None"'],
    ],
    ["ExternalName without a name", { type: "ExternalName" }, ["spec.externalName: Required value"]],
    [
      "ExternalName with an address",
      { type: "ExternalName", externalName: "a.example.", clusterIP: "10.96.0.5" },
      ["spec.clusterIPs: Forbidden: may not be set for ExternalName services"],
    ],
    [
      "an external traffic policy of a ClusterIP",
      { ports: [port], externalTrafficPolicy: "Local" },
      ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
    ],
    [
      "unknown traffic policies",
      { type: "NodePort", ports: [port], externalTrafficPolicy: "Near", internalTrafficPolicy: "Near" },
      [
        'spec.externalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"',
        'spec.internalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"',
      ],
    ],
    [
      "unknown traffic distribution",
      { ports: [port], trafficDistribution: "Near" },
      [
        'spec.trafficDistribution: Unsupported value: "Near": supported values: "PreferClose", "PreferSameNode", "PreferSameZone"',
      ],
    ],
    [
      "a health check port without need",
      { type: "LoadBalancer", ports: [port], healthCheckNodePort: 30000 },
      [
        "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ],
    ],
    [
      "load balancer fields of a NodePort",
      { type: "NodePort", ports: [port], loadBalancerSourceRanges: ["10.0.0.0/8"], loadBalancerClass: "a.b/c" },
      [
        "spec.loadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
        "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
      ],
    ],
    [
      "a source range that is none",
      { type: "LoadBalancer", ports: [port], loadBalancerSourceRanges: ["10.0.0.0/33"] },
      [
        'spec.loadBalancerSourceRanges[0]: Invalid value: "10.0.0.0/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      ],
    ],
    [
      "an external address on loopback",
      { ports: [port], externalIPs: ["127.0.0.1"] },
      ['spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    ],
    [
      "the port of the node agent at a load balancer",
      { type: "LoadBalancer", ports: [{ port: 10250 }] },
      ["spec.ports[0]: Invalid value: 10250: may not expose port 10250 externally since it is used by kubelet"],
    ],
  ];
  for (const [title, spec, problems] of cases) {
    test(title, () => assert.deepEqual(problemsOfCreate(service, { spec }), problems));
  }
  test("a name that starts with a digit", () => {
    assert.deepEqual(problemsOfCreate(service, { metadata: { name: "1web" }, spec: { ports: [port] } }), [
      `metadata.name: Invalid value: "1web": ${name1035}`,
    ]);
  });
});

describe("update", () => {
  const allocated = {
    type: "NodePort",
    clusterIP: "10.96.0.5",
    clusterIPs: ["10.96.0.5"],
    ports: [{ name: "a", port: 80, nodePort: 30080 }],
  };
  test("the address stays", () => {
    const changed = { ...allocated, clusterIP: "10.96.0.6", clusterIPs: ["10.96.0.6"] };
    assert.deepEqual(problemsOfUpdate(service, { spec: allocated }, { spec: changed }), [
      'spec.clusterIPs[0]: Invalid value: ["10.96.0.6"]: may not change once set',
    ]);
  });
  test("what was allocated is carried over to a manifest that leaves it out", () => {
    const old = created(service, { metadata: { name: "a" }, spec: allocated });
    const bare = {
      metadata: { name: "a" },
      spec: {
        type: "NodePort",
        ports: [
          { name: "b", port: 80 },
          { name: "c", port: 81 },
        ],
      },
    };
    const { spec } = updated(service, old, bare) as Service;
    assert.equal(spec?.clusterIP, "10.96.0.5");
    assert.deepEqual(spec?.clusterIPs, ["10.96.0.5"]);
    assert.deepEqual(
      spec?.ports?.map(({ nodePort }) => nodePort),
      [30080, undefined],
    );
  });
  test("a node port that moves to another port is not given twice", () => {
    const old = created(service, { metadata: { name: "a" }, spec: allocated });
    const ports = [
      { name: "a", port: 80 },
      { name: "b", port: 81, nodePort: 30080 },
    ];
    const { spec } = updated(service, old, { metadata: { name: "a" }, spec: { type: "NodePort", ports } }) as Service;
    assert.deepEqual(
      spec?.ports?.map(({ nodePort }) => nodePort),
      [undefined, 30080],
    );
  });
  test("a change to ClusterIP gives the node ports back", () => {
    const old = created(service, { metadata: { name: "a" }, spec: allocated });
    const defaulted = structuredClone(old) as Service;
    defaulted.spec!.type = "ClusterIP";
    const { spec } = updated(service, old, defaulted) as Service;
    assert.equal(spec?.ports?.[0]?.nodePort, undefined);
    assert.equal(spec?.externalTrafficPolicy, undefined);
    assert.deepEqual(print(service.validate(updated(service, old, defaulted))), []);
  });
  test("a change to ExternalName gives the address back", () => {
    const old = created(service, { metadata: { name: "a" }, spec: allocated });
    const defaulted = structuredClone(old) as Service;
    Object.assign(defaulted.spec!, { type: "ExternalName", externalName: "a.example" });
    const object = updated(service, old, defaulted) as Service;
    assert.equal(object.spec?.clusterIP, undefined);
    assert.deepEqual(print(service.validate(object)), []);
  });
});

describe("status", () => {
  const status = (ingress: object) => ({ loadBalancer: { ingress: [ingress] } });
  const cases: [string, string, object, string[]][] = [
    ["an address", "LoadBalancer", status({ ip: "198.51.100.1", ipMode: "VIP" }), []],
    [
      "of another type",
      "NodePort",
      status({ ip: "198.51.100.1", ipMode: "VIP" }),
      ['status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is "LoadBalancer"'],
    ],
    [
      "a bad address",
      "LoadBalancer",
      status({ ip: "1.2.3", ipMode: "VIP" }),
      [
        'status.loadBalancer.ingress[0].ip: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
    [
      "an address for a name",
      "LoadBalancer",
      status({ hostname: "1.2.3.4" }),
      ['status.loadBalancer.ingress[0].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address'],
    ],
  ];
  for (const [title, type, value, problems] of cases) {
    test(title, () => {
      const object = created(service, { spec: { type, ports: [port] } }) as Service;
      const changed = { ...object, status: value } as Service;
      assert.deepEqual(print(service.validateStatusUpdate?.(changed, object) ?? []), problems);
    });
  }
});

describe("row", () => {
  const now = Date.parse("2026-01-02T03:05:05Z");
  const metadata = { name: "a", creationTimestamp: "2026-01-02T03:04:05Z" };
  const cases: [object, string[]][] = [
    [
      {
        spec: {
          type: "NodePort",
          clusterIP: "10.96.0.5",
          ports: [
            { port: 80, nodePort: 30080, protocol: "TCP" },
            { port: 53, protocol: "UDP" },
          ],
          selector: { b: "2", a: "1" },
        },
      },
      ["a", "NodePort", "10.96.0.5", "<none>", "80:30080/TCP,53/UDP", "60s", "a=1,b=2"],
    ],
    [
      { spec: { type: "LoadBalancer", clusterIP: "10.96.0.5", ports: [{ port: 80, protocol: "TCP" }] } },
      ["a", "LoadBalancer", "10.96.0.5", "<pending>", "80/TCP", "60s", "<none>"],
    ],
    [
      {
        spec: { type: "LoadBalancer", clusterIP: "10.96.0.5", ports: [{ port: 80, protocol: "TCP" }] },
        status: { loadBalancer: { ingress: [{ ip: "198.51.100.1" }, { hostname: "lb.example" }] } },
      },
      ["a", "LoadBalancer", "10.96.0.5", "198.51.100.1,lb.example", "80/TCP", "60s", "<none>"],
    ],
    [
      { spec: { type: "ExternalName", externalName: "a.example" } },
      ["a", "ExternalName", "<none>", "a.example", "<none>", "60s", "<none>"],
    ],
    [
      { spec: { type: "ClusterIP", clusterIP: "None", externalIPs: ["1.2.3.4"] } },
      ["a", "ClusterIP", "None", "1.2.3.4", "<none>", "60s", "<none>"],
    ],
  ];
  for (const [object, row] of cases) {
    test(row.join(" "), () => assert.deepEqual(service.row({ metadata, ...object }, now), row));
  }
});
