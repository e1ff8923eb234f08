import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Pod, Service } from "../../kubernetes/types.ts";
import { containerEnvironment, type EnvironmentInputs, expand, serviceVariables } from "./environment.ts";

const variables = { A: "1", B: "$(A)", EMPTY: "" };
for (const [text, expected] of [
  ["$(A)", "1"],
  ["x$(A)y$(A)", "x1y1"],
  ["$(B)", "$(A)"],
  ["$(EMPTY)", ""],
  ["$(NOPE)", "$(NOPE)"],
  ["$$(A)", "$(A)"],
  ["$$$(A)", "$1"],
  ["$A", "$A"],
  ["$(A", "$(A"],
  ["$", "$"],
  ["$$", "$"],
  ["$(toString)", "$(toString)"],
] as const)
  test(`${text} expands to ${expected}`, () => {
    assert.equal(expand(text, variables), expected);
  });

const pod: Pod = {
  metadata: { name: "p", namespace: "shop", uid: "u", labels: { app: "web" } },
  spec: { containers: [] },
};

function inputs(container: Partial<Container>, more: Partial<EnvironmentInputs> = {}): EnvironmentInputs {
  const full: Container = { name: "c", ...container };
  return {
    pod: { ...pod, spec: { containers: [full] } },
    container: full,
    node: { status: { allocatable: { cpu: "2", memory: "1Gi" } } },
    podIPs: ["10.32.0.2", "fd00:10:32::2"],
    hostIPs: ["198.18.0.10", "fd00:198:18::a"],
    services: [],
    configMap: (name) =>
      name === "cm" ? { metadata: { name, namespace: "shop" }, data: { k: "v", "a=b": "no" } } : undefined,
    secret: (name) => (name === "s" ? { metadata: { name, namespace: "shop" }, data: { w: "eA==" } } : undefined),
    image: {},
    ...more,
  };
}

test("later sources win: image, Services, envFrom, env", () => {
  const env = containerEnvironment(
    inputs(
      { envFrom: [{ configMapRef: { name: "cm" } }], env: [{ name: "k", value: "own" }] },
      { image: { k: "image", PATH: "/image", ONLY: "image" } },
    ),
  );
  assert.equal(env.k, "own");
  assert.equal(env.PATH, "/image");
  assert.equal(env.ONLY, "image");
  assert.equal(env.HOSTNAME, "p");
});

test("envFrom takes a prefix and leaves out what is no variable's name", () => {
  const env = containerEnvironment(
    inputs({ envFrom: [{ prefix: "X_", configMapRef: { name: "cm" } }, { secretRef: { name: "s" } }] }),
  );
  assert.equal(env.X_k, "v");
  assert.equal(env.w, "x");
  assert.ok(!Object.keys(env).some((name) => name.includes("=")));
});

for (const [what, valueFrom, expected] of [
  ["a configMap's key", { configMapKeyRef: { name: "cm", key: "k" } }, "v"],
  ["a secret's key", { secretKeyRef: { name: "s", key: "w" } }, "x"],
  ["an optional key that is not there", { configMapKeyRef: { name: "cm", key: "no", optional: true } }, undefined],
  ["an optional secret that is not there", { secretKeyRef: { name: "no", key: "w", optional: true } }, undefined],
  ["the Pod's address", { fieldRef: { fieldPath: "status.podIP" } }, "10.32.0.2"],
  ["all of the Pod's addresses", { fieldRef: { fieldPath: "status.podIPs" } }, "10.32.0.2,fd00:10:32::2"],
  ["all of the node's addresses", { fieldRef: { fieldPath: "status.hostIPs" } }, "198.18.0.10,fd00:198:18::a"],
  ["the node's address", { fieldRef: { fieldPath: "status.hostIP" } }, "198.18.0.10"],
  ["a label", { fieldRef: { fieldPath: "metadata.labels['app']" } }, "web"],
  ["a label that is not set", { fieldRef: { fieldPath: "metadata.labels['no']" } }, ""],
  ["its own limit", { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } }, "64"],
  ["a request that is not set", { resourceFieldRef: { resource: "requests.cpu" } }, "0"],
  ["a limit that is not set: the node's", { resourceFieldRef: { resource: "limits.cpu" } }, "2"],
] as const)
  test(`a value from ${what}`, () => {
    const container = { resources: { limits: { memory: "64Mi" } }, env: [{ name: "X", valueFrom }] };
    assert.equal(containerEnvironment(inputs(container)).X, expected);
  });

for (const [what, container, message] of [
  ["a configMap that is not there", { envFrom: [{ configMapRef: { name: "no" } }] }, /configmap "no" not found/],
  [
    "a key that is not there",
    { env: [{ name: "X", valueFrom: { secretKeyRef: { name: "s", key: "no" } } }] },
    /couldn't find key no in Secret shop\/s/,
  ],
  [
    "a field that Pods cannot read",
    { env: [{ name: "X", valueFrom: { fieldRef: { fieldPath: "spec.containers" } } }] },
    /unsupported fieldPath/,
  ],
  [
    "a resource that is none",
    { env: [{ name: "X", valueFrom: { resourceFieldRef: { resource: "cpu" } } }] },
    /unsupported container resource/,
  ],
  ["no source", { env: [{ name: "X", valueFrom: {} }] }, /names no source/],
] as const)
  test(`refuses ${what}`, () => {
    assert.throws(() => containerEnvironment(inputs(container as unknown as Partial<Container>)), message);
  });

test("an expansion sees variables before it, Services too, and none after it", () => {
  const services = [service("db", "shop", "10.96.0.9", 5432)];
  const env = [
    { name: "X", value: "$(LATER) $(DB_SERVICE_HOST)" },
    { name: "LATER", value: "set" },
    { name: "Y", value: "$(LATER)" },
  ];
  const result = containerEnvironment(inputs({ env }, { services }));
  assert.equal(result.X, "$(LATER) 10.96.0.9");
  assert.equal(result.Y, "set");
});

function service(name: string, namespace: string, clusterIP: string, port: number): Service {
  return { metadata: { name, namespace }, spec: { clusterIP, ports: [{ name: "main-port", port }] } };
}

test("the variables of a Service are those of Docker's links", () => {
  assert.deepEqual(serviceVariables([service("my-db", "shop", "10.96.0.9", 5432)], pod), {
    MY_DB_SERVICE_HOST: "10.96.0.9",
    MY_DB_SERVICE_PORT: "5432",
    MY_DB_SERVICE_PORT_MAIN_PORT: "5432",
    MY_DB_PORT: "tcp://10.96.0.9:5432",
    MY_DB_PORT_5432_TCP: "tcp://10.96.0.9:5432",
    MY_DB_PORT_5432_TCP_PROTO: "tcp",
    MY_DB_PORT_5432_TCP_PORT: "5432",
    MY_DB_PORT_5432_TCP_ADDR: "10.96.0.9",
  });
});

test("without service links only the API's Service is told; headless and foreign ones never", () => {
  const all = [
    service("kubernetes", "default", "10.96.0.1", 443),
    service("db", "shop", "10.96.0.9", 5432),
    service("headless", "shop", "None", 80),
    service("other", "elsewhere", "10.96.0.8", 80),
  ];
  const hosts = (links: boolean) =>
    Object.keys(serviceVariables(all, { ...pod, spec: { containers: [], enableServiceLinks: links } })).filter((name) =>
      name.endsWith("_SERVICE_HOST"),
    );
  assert.deepEqual(hosts(true).sort(), ["DB_SERVICE_HOST", "KUBERNETES_SERVICE_HOST"]);
  assert.deepEqual(hosts(false), ["KUBERNETES_SERVICE_HOST"]);
});
