/** Zones of nodes, the hints that Services get from them, and the health checks of externalTrafficPolicy Local, in a whole cluster. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, get, startCluster, type TestCluster } from "./support/cluster.ts";

let cluster: TestCluster;
/** Address of each node. */
let addresses: Record<string, string>;

const selector = { app: "near" };
const objects = [
  {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "near" },
    spec: {
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: selector },
        spec: {
          containers: [
            {
              name: "web",
              image: "traefik/whoami",
              env: [{ name: "WHOAMI_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "near" },
    spec: {
      type: "NodePort",
      selector,
      trafficDistribution: "PreferSameZone",
      ports: [{ port: 80, nodePort: 30_100 }],
    },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "balanced" },
    spec: { type: "LoadBalancer", externalTrafficPolicy: "Local", selector, ports: [{ port: 80, nodePort: 30_101 }] },
  },
];

before(async () => {
  cluster = await startCluster("zones", "--nodes", "3", "--zones", "east,west");
  addresses = Object.fromEntries((await cluster.nodes()).map(({ name, address }) => [name, address]));
  await cluster.kubectlWithInput(
    JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }),
    "apply",
    "-f",
    "-",
  );
  await cluster.kubectl("rollout", "status", "daemonset/near", "--timeout=60s");
});
after(() => cluster?.stop());

/** The nodes whose Pods answer at a node's port, out of many requests. */
async function answering(node: string, port: number): Promise<string> {
  const seen = new Set<string>();
  for (let index = 0; index < 30; index += 1) {
    const { body } = await get(`http://${addresses[node]}:${port}/`);
    seen.add(/^Name: (.*)$/m.exec(body)?.[1] ?? body);
  }
  return [...seen].sort().join(" ");
}

test("nodes are dealt out to the zones in turn", async () => {
  const path = "{range .items[*]}{.metadata.name}={.metadata.labels.topology\\.kubernetes\\.io/zone} {end}";
  const listed = await cluster.kubectl("get", "nodes", "-o", `jsonpath=${path}`);
  assert.deepEqual(listed.trim().split(" ").sort(), ["node1=east", "node2=west", "node3=east"]);
});

test("PreferSameZone: each node sends to its zone", async () => {
  const expected = { node1: "node1 node3", node2: "node2", node3: "node1 node3" };
  for (const [node, nodes] of Object.entries(expected))
    await eventually(`${node} sends to ${nodes}`, 20, async () =>
      (await answering(node, 30_100)) === nodes ? true : undefined,
    );
});

test("PreferSameNode: each node sends to itself", async () => {
  await cluster.kubectl("patch", "service", "near", "-p", '{"spec":{"trafficDistribution":"PreferSameNode"}}');
  for (const node of ["node1", "node2", "node3"])
    await eventually(`${node} sends to itself`, 20, async () =>
      (await answering(node, 30_100)) === node ? true : undefined,
    );
});

test("a balancer is told which nodes have endpoints", async () => {
  const port = await cluster.kubectl("get", "service", "balanced", "-o", "jsonpath={.spec.healthCheckNodePort}");
  const ask = async (node: string) => {
    const { status, headers } = await get(`http://${addresses[node]}:${port}/`);
    return `${status} ${headers["x-load-balancing-endpoint-weight"]}`;
  };
  const becomes = (node: string, answer: string) =>
    eventually(`${node}: ${answer}`, 20, async () => ((await ask(node)) === answer ? true : undefined));
  for (const node of ["node1", "node2", "node3"]) await becomes(node, "200 1");
  const patch = { spec: { template: { spec: { nodeSelector: { "topology.kubernetes.io/zone": "east" } } } } };
  await cluster.kubectl("patch", "daemonset", "near", "-p", JSON.stringify(patch));
  await becomes("node2", "503 0");
  await becomes("node1", "200 1");
});
