import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { problemsOfCreate } from "../testing.ts";
import { pod } from "./pod.ts";

const main = { name: "main", image: "fairway/echo" };
const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/** [what, spec, problems] */
type Case = [string, object, string[]];

function check(title: string, cases: Case[]): void {
  describe(title, () => {
    for (const [what, spec, problems] of cases) {
      test(what, () => assert.deepEqual(problemsOfCreate(pod, { spec }), problems));
    }
  });
}
/** A spec whose one container has these fields. */
const one = (fields: object) => ({ containers: [{ ...main, ...fields }] });

check("containers", [
  ["a good one", one({}), []],
  ["none", {}, ["spec.containers: Required value"]],
  [
    "without name and image",
    { containers: [{}] },
    ["spec.containers[0].name: Required value", "spec.containers[0].image: Required value"],
  ],
  ["one name twice", { containers: [main, main] }, ['spec.containers[1].name: Duplicate value: "main"']],
  [
    "one name in containers and init containers",
    { containers: [main], initContainers: [main] },
    ['spec.initContainers[0].name: Duplicate value: "main"'],
  ],
  ["a name in capitals", one({ name: "Main" }), [`spec.containers[0].name: Invalid value: "Main": ${label}`]],
  [
    "an image with a space",
    one({ image: " a" }),
    ['spec.containers[0].image: Invalid value: " a": must not have leading or trailing whitespace'],
  ],
  [
    "an unknown pull policy",
    one({ imagePullPolicy: "Sometimes" }),
    [
      'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
    ],
  ],
  [
    "a probed init container",
    {
      containers: [main],
      initContainers: [{ name: "init", image: "a", readinessProbe: { exec: { command: ["a"] } } }],
    },
    [
      "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
    ],
  ],
  [
    "a sidecar may be probed",
    {
      containers: [main],
      initContainers: [
        { name: "side", image: "a", restartPolicy: "Always", readinessProbe: { exec: { command: ["a"] } } },
      ],
    },
    [],
  ],
  [
    "requests above limits",
    one({ resources: { limits: { cpu: "1" }, requests: { cpu: "1500m" } } }),
    ['spec.containers[0].resources.requests: Invalid value: "1500m": must be less than or equal to cpu limit of 1'],
  ],
  [
    "an unknown resource",
    one({ resources: { requests: { speed: "1" } } }),
    [
      'spec.containers[0].resources.requests[speed]: Invalid value: "speed": must be a standard resource for containers',
    ],
  ],
  [
    "a negative request",
    one({ resources: { requests: { memory: "-1" } } }),
    ['spec.containers[0].resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0'],
  ],
]);

check("ports", [
  ["none given", one({ ports: [{}] }), ["spec.containers[0].ports[0].containerPort: Required value"]],
  [
    "out of range",
    one({ ports: [{ containerPort: 70000 }] }),
    ["spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"],
  ],
  [
    "one name twice",
    one({
      ports: [
        { name: "a", containerPort: 1 },
        { name: "a", containerPort: 2 },
      ],
    }),
    ['spec.containers[0].ports[1].name: Duplicate value: "a"'],
  ],
  [
    "a long name",
    one({ ports: [{ name: "a".repeat(16), containerPort: 1 }] }),
    [`spec.containers[0].ports[0].name: Invalid value: "${"a".repeat(16)}": must be no more than 15 bytes`],
  ],
  [
    "an unknown protocol",
    one({ ports: [{ containerPort: 1, protocol: "tcp" }] }),
    ['spec.containers[0].ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"'],
  ],
  [
    "one host port twice",
    {
      containers: [
        { ...main, ports: [{ containerPort: 1, hostPort: 8080 }] },
        { ...main, name: "other", ports: [{ containerPort: 2, hostPort: 8080 }] },
      ],
    },
    ['spec.containers[1].ports[0].hostPort: Duplicate value: "8080/TCP/0.0.0.0"'],
  ],
]);

check("environment", [
  ["a name is missing", one({ env: [{ value: "a" }] }), ["spec.containers[0].env[0].name: Required value"]],
  [
    "a bad name",
    one({ env: [{ name: "a=b" }] }),
    [
      "spec.containers[0].env[0].name: Invalid value: \"a=b\": a valid environment variable name must consist only of printable ASCII characters other than '='",
    ],
  ],
  [
    "an empty source",
    one({ env: [{ name: "A", valueFrom: {} }] }),
    [
      'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
    ],
  ],
  [
    "value and source",
    one({ env: [{ name: "A", value: "a", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] }),
    ['spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
  ],
  [
    "two sources",
    one({
      env: [
        {
          name: "A",
          valueFrom: { fieldRef: { fieldPath: "metadata.name" }, secretKeyRef: { name: "a", key: "b" } },
        },
      ],
    }),
    ['spec.containers[0].env[0].valueFrom: Invalid value: "": may not have more than one field specified at a time'],
  ],
  [
    "a field that is not offered",
    one({ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "spec.foo" } } }] }),
    [
      'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.foo": error converting fieldPath: field label not supported: spec.foo',
    ],
  ],
  ["a label", one({ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.labels['a/b']" } } }] }), []],
  [
    "a key is missing",
    one({ env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "a" } } }] }),
    ["spec.containers[0].env[0].valueFrom.configMapKeyRef.key: Required value"],
  ],
  [
    "envFrom nothing",
    one({ envFrom: [{ prefix: "A_" }] }),
    ['spec.containers[0].envFrom[0]: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'],
  ],
]);

check("probes", [
  [
    "no handler",
    one({ livenessProbe: { periodSeconds: 1 } }),
    ["spec.containers[0].livenessProbe: Required value: must specify a handler type"],
  ],
  [
    "two handlers",
    one({ livenessProbe: { exec: { command: ["a"] }, tcpSocket: { port: 1 } } }),
    ["spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"],
  ],
  [
    "a negative delay",
    one({ readinessProbe: { httpGet: { port: 80 }, initialDelaySeconds: -1 } }),
    ["spec.containers[0].readinessProbe.initialDelaySeconds: Invalid value: -1: must be greater than or equal to 0"],
  ],
  [
    "liveness that must succeed twice",
    one({ livenessProbe: { httpGet: { port: 80 }, successThreshold: 2 } }),
    ["spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"],
  ],
  [
    "an unknown scheme",
    one({ readinessProbe: { httpGet: { port: "http", scheme: "ftp" } } }),
    ['spec.containers[0].readinessProbe.httpGet.scheme: Unsupported value: "ftp": supported values: "HTTP", "HTTPS"'],
  ],
  ["no command", one({ startupProbe: { exec: {} } }), ["spec.containers[0].startupProbe.exec.command: Required value"]],
  [
    "a port name that is none",
    one({ readinessProbe: { tcpSocket: { port: "80" } } }),
    ['spec.containers[0].readinessProbe.tcpSocket.port: Invalid value: "80": must contain at least one letter (a-z)'],
  ],
  ["gRPC", one({ readinessProbe: { grpc: { port: 5000 } } }), []],
  [
    "a hook of two kinds",
    one({ lifecycle: { preStop: { sleep: { seconds: 1 }, exec: { command: ["a"] } } } }),
    ["spec.containers[0].lifecycle.preStop.sleep: Forbidden: may not specify more than 1 handler type"],
  ],
]);

check("volumes", [
  [
    "each needs a name of its own",
    { containers: [main], volumes: [{ name: "a" }, { name: "a" }, {}] },
    ['spec.volumes[1].name: Duplicate value: "a"', "spec.volumes[2].name: Required value"],
  ],
  [
    "two sources",
    { containers: [main], volumes: [{ name: "a", emptyDir: {}, secret: { secretName: "b" } }] },
    ["spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type"],
  ],
  [
    "sources without names",
    {
      containers: [main],
      volumes: [
        { name: "a", secret: {} },
        { name: "b", configMap: {} },
      ],
    },
    ["spec.volumes[0].secret.secretName: Required value", "spec.volumes[1].configMap.name: Required value"],
  ],
  [
    "a mode",
    { containers: [main], volumes: [{ name: "a", configMap: { name: "a", defaultMode: 512 } }] },
    [
      "spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
    ],
  ],
  [
    "items that leave the volume",
    { containers: [main], volumes: [{ name: "a", configMap: { name: "a", items: [{ key: "k", path: "../x" }] } }] },
    [`spec.volumes[0].configMap.items[0].path: Invalid value: "../x": must not contain '..'`],
  ],
  [
    "a token for a minute",
    {
      containers: [main],
      volumes: [{ name: "a", projected: { sources: [{ serviceAccountToken: { path: "t", expirationSeconds: 60 } }] } }],
    },
    [
      "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes",
    ],
  ],
  [
    "a mount of nothing",
    one({ volumeMounts: [{ name: "x", mountPath: "/x" }] }),
    ['spec.containers[0].volumeMounts[0].name: Not found: "x"'],
  ],
  [
    "two mounts at one place",
    {
      volumes: [{ name: "a" }],
      containers: [
        {
          ...main,
          volumeMounts: [
            { name: "a", mountPath: "/x" },
            { name: "a", mountPath: "/x" },
          ],
        },
      ],
    },
    ['spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/x": must be unique'],
  ],
]);

check("the rest of the spec", [
  [
    "an unknown restart policy",
    { ...one({}), restartPolicy: "Sometimes" },
    ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"'],
  ],
  [
    "an unknown DNS policy",
    { ...one({}), dnsPolicy: "Some" },
    [
      'spec.dnsPolicy: Unsupported value: "Some": supported values: "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"',
    ],
  ],
  [
    "own DNS without servers",
    { ...one({}), dnsPolicy: "None" },
    ["spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None"],
  ],
  [
    "a deadline of nothing",
    { ...one({}), activeDeadlineSeconds: 0 },
    ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
  ],
  [
    "negative grace",
    { ...one({}), terminationGracePeriodSeconds: -1 },
    ["spec.terminationGracePeriodSeconds: Invalid value: -1: must be greater than or equal to 0"],
  ],
  ["a host name", { ...one({}), hostname: "A" }, [`spec.hostname: Invalid value: "A": ${label}`]],
  [
    "tolerations",
    { ...one({}), tolerations: [{ value: "a" }, { key: "a", operator: "Near" }, { key: "a", effect: "Never" }] },
    [
      'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      'spec.tolerations[1].operator: Unsupported value: "Near": supported values: "Equal", "Exists"',
      'spec.tolerations[2].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "PreferNoSchedule"',
    ],
  ],
  [
    "affinity to nothing",
    { ...one({}), affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} } } },
    [
      "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term",
    ],
  ],
  [
    "spread over nothing",
    { ...one({}), topologySpreadConstraints: [{ whenUnsatisfiable: "DoNotSchedule" }] },
    [
      "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
      "spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty",
    ],
  ],
  [
    "ephemeral containers",
    { ...one({}), ephemeralContainers: [{ name: "b", image: "a" }] },
    ["spec.ephemeralContainers: Forbidden: cannot be set on create"],
  ],
]);
