/** A cluster with IPv4 and IPv6, as kubectl shows it and as packets find it: from the host and from Pods, through both kinds of rules. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, get, startCluster, type TestCluster } from "./support/cluster.ts";

const selector = { app: "web" };
const service = (name: string, spec: object) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { selector, ports: [{ name: "http", port: 80 }], ...spec },
});
const objects = [
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: {
      replicas: 2,
      selector: { matchLabels: selector },
      template: { metadata: { labels: selector }, spec: { containers: [{ name: "web", image: "traefik/whoami" }] } },
    },
  },
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "client" },
    spec: {
      nodeName: "node1",
      containers: [
        {
          name: "client",
          image: "host/sleep",
          args: ["infinity"],
          env: ["podIP", "podIPs", "hostIPs"].map((name) => {
            return { name, valueFrom: { fieldRef: { fieldPath: `status.${name}` } } };
          }),
        },
      ],
    },
  },
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "on-node" },
    spec: {
      nodeName: "node1",
      hostNetwork: true,
      containers: [{ name: "a", image: "host/sleep", args: ["infinity"] }],
    },
  },
  service("dual", { type: "NodePort", ipFamilyPolicy: "PreferDualStack", ports: [{ port: 80, nodePort: 30_090 }] }),
  service("six", { ipFamilies: ["IPv6"] }),
  service("near", {
    type: "NodePort",
    ipFamilies: ["IPv6"],
    externalTrafficPolicy: "Local",
    ports: [{ port: 80, nodePort: 30_091 }],
  }),
  service("names", { clusterIP: "None", ipFamilyPolicy: "RequireDualStack" }),
  service("four", {}),
];

let cluster: TestCluster;
let nodes: { name: string; address: string; ipv6: string }[];

before(async () => {
  // The two ways by which rules come into the kernel, side by side.
  cluster = await startCluster("dual", "--nodes", "2", "--proxy-mode", "iptables,node2=nftables");
  nodes = (await cluster.nodes()).map(({ ipv6 = "", ...node }) => ({ ...node, ipv6 }));
  const list = { apiVersion: "v1", kind: "List", items: objects };
  await cluster.kubectlWithInput(JSON.stringify(list), "apply", "-f", "-");
  await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s");
  await cluster.kubectl("wait", "--for=condition=Ready", "pod/client", "pod/on-node", "--timeout=60s");
});
after(() => cluster?.stop());

const path = (what: string, jsonpath: string) =>
  cluster.kubectl("get", ...what.split(" "), "-o", `jsonpath=${jsonpath}`).then((text) => text.trim());
const inClient = (...command: string[]) => cluster.kubectl("exec", "client", "--", ...command);
const curl = (url: string, ...more: string[]) => inClient("curl", "-sS", "-g", "--max-time", "5", ...more, url);
const podOf = (body: string) => /^Hostname: (.*)$/m.exec(body)?.[1] ?? body;
const clientOf = (body: string) => /^RemoteAddr: (.*):\d+$/m.exec(body)?.[1] ?? body;

/** What answered so many requests from the host. */
async function answers(url: string, count = 24): Promise<string[]> {
  const bodies: string[] = [];
  for (let index = 0; index < count; index += 1) bodies.push((await get(url)).body);
  return bodies;
}

const answersBy = (url: string, pods: number) =>
  eventually(`${url} is answered by ${pods} Pods`, 20, async () =>
    new Set((await answers(url)).map(podOf)).size === pods ? true : undefined,
  );

test("nodes and Pods have addresses of both families", async () => {
  for (const { name, address, ipv6 } of nodes) {
    assert.match(`${address} ${ipv6}`, /^198\.1[89]\.\d+\.\d+ fd00:198:1[89]:/);
    assert.match(await path(`node ${name}`, "{.spec.podCIDR} {.spec.podCIDRs[*]}"), /^(\S+) \1 fd00:10:32:\S*:\/64$/);
  }
  const [podIP = "", six = ""] = (await path("pod client", "{.status.podIPs[*].ip}")).split(" ");
  assert.match(six, /^fd00:10:32:/);
  const environment = await inClient("sh", "-c", 'echo "$podIP $podIPs $hostIPs"');
  assert.equal(environment.trim(), `${podIP} ${podIP},${six} ${nodes[0]?.address},${nodes[0]?.ipv6}`);
  const inside = await inClient("ip", "-6", "-o", "address", "show", "dev", "eth0");
  assert.deepEqual(inside.match(/inet6 \S+/g), [`inet6 ${six}/128`]);
  assert.match(await inClient("cat", "/etc/hosts"), new RegExp(`^${six}\tclient$`, "m"));
  assert.equal(await path("pod on-node", "{.status.podIPs[*].ip}"), `${nodes[0]?.address} ${nodes[0]?.ipv6}`);
});

test("kubectl shows families, addresses and slices of each", async () => {
  assert.match(await path("svc dual", "{.spec.ipFamilyPolicy} {.spec.ipFamilies[*]}"), /^PreferDualStack IPv4 IPv6$/);
  assert.match(await path("svc dual", "{.spec.clusterIPs[*]}"), /^10\.\S+ fd00:10:96::\S+$/);
  assert.match(await path("svc six", "{.spec.ipFamilyPolicy} {.spec.clusterIPs[*]}"), /^SingleStack fd00:10:96::\S+$/);
  assert.equal(await path("svc kubernetes", "{.spec.ipFamilies[*]}"), "IPv4");
  const slices = async (name: string) =>
    (await path(`endpointslices -l kubernetes.io/service-name=${name}`, "{.items[*].addressType}")).split(" ").sort();
  assert.deepEqual(await slices("dual"), ["IPv4", "IPv6"]);
  assert.deepEqual(await slices("six"), ["IPv6"]);
  assert.match(await path("endpoints six", "{.subsets[*].addresses[*].ip}"), /^fd00:10:32:\S+ fd00:10:32:\S+$/);
  assert.match(await cluster.kubectl("describe", "svc", "dual"), /^IP Families: +IPv4,IPv6$/m);
});

test("the host reaches a NodePort by both addresses of every node", async () => {
  for (const { address, ipv6 } of nodes) {
    await answersBy(`http://${address}:30090/`, 2);
    await answersBy(`http://[${ipv6}]:30090/`, 2);
  }
});

test("externalTrafficPolicy Local shows the Pod the client's IPv6 address", async () => {
  for (const { ipv6 } of nodes) {
    const clients = new Set((await answers(`http://[${ipv6}]:30091/`, 6)).map(clientOf));
    // The host has the first address of the range of the nodes.
    assert.deepEqual([...clients], [`[${ipv6.slice(0, ipv6.lastIndexOf(":"))}:1]`]);
  }
});

test("a Pod reaches Services by address and name, and is seen by its own address", async () => {
  const [, six] = (await path("pod client", "{.status.podIPs[*].ip}")).split(" ");
  for (const name of ["dual", "six"]) {
    const address = await path(`svc ${name}`, `{.spec.clusterIPs[${name === "dual" ? 1 : 0}]}`);
    for (const host of [`[${address}]`, name, `${name}.default.svc.cluster.local`]) {
      const client = clientOf(await curl(`http://${host}/`, "-6"));
      assert.equal(client, `[${six}]`, `${host} sees ${client}`);
    }
  }
  assert.match(clientOf(await curl("http://dual/", "-4")), /^10\.32\./);
  await assert.rejects(curl("http://six/", "-4"), /resolve/);
  await assert.rejects(curl("http://four/", "-6"), /resolve|connect/);
  for (const { ipv6 } of nodes) assert.match(await curl(`http://[${ipv6}]:30090/`), /^Hostname: web-/m);
});

test("a headless Service's name has the Pods' addresses of both families", async () => {
  const found = async (family: string) => new Set((await inClient("getent", family, "names")).match(/^\S+/gm)).size;
  assert.deepEqual([await found("ahostsv4"), await found("ahostsv6")], [2, 2]);
});

test("IPv6 follows the scale", async () => {
  await cluster.kubectl("scale", "deployment/web", "--replicas=4");
  await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s");
  for (const { ipv6 } of nodes) await answersBy(`http://[${ipv6}]:30090/`, 4);
});

test("a Service gets the second family and loses it", async () => {
  const setPolicy = (ipFamilyPolicy: string) =>
    cluster.kubectl("patch", "svc", "four", "--type", "merge", "-p", JSON.stringify({ spec: { ipFamilyPolicy } }));
  await setPolicy("RequireDualStack");
  const six = await path("svc four", "{.spec.clusterIPs[1]}");
  await eventually("it answers at its IPv6 address", 20, async () => podOf(await curl(`http://[${six}]/`)));
  await setPolicy("SingleStack");
  await eventually("it does not answer there", 20, () =>
    curl(`http://[${six}]/`, "--max-time", "1").then(
      () => undefined,
      () => true as const,
    ),
  );
  assert.match(await curl("http://four/"), /^Hostname: web-/m);
  const patch = JSON.stringify({ spec: { ipFamilies: ["IPv6"], clusterIPs: null, clusterIP: null } });
  await assert.rejects(
    cluster.kubectl("patch", "svc", "four", "--type", "merge", "-p", patch),
    /spec\.ipFamilies|spec\.clusterIPs/,
  );
});

test("a node that dies takes its IPv6 endpoints along", async () => {
  await cluster.fairway("node", "stop", "node2");
  const survivors = async () =>
    (await path("pods -l app=web --field-selector spec.nodeName=node1", "{.items[*].metadata.name}")).split(" ");
  await eventually("only Pods of node1 are asked", 40, async () => {
    const alive = await survivors();
    const seen = await answers(`http://[${nodes[0]?.ipv6}]:30090/`, 12);
    return seen.every((body) => alive.includes(podOf(body))) ? true : undefined;
  });
});
