import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Overview } from "./overview.ts";
import type { WorldStatus } from "./protocol.ts";
import { statusText } from "./status-text.ts";
import { hasColors, summary } from "./summary.ts";

const controlByte = String.fromCharCode(27);
const node = (number: number) => ({ name: `node${number}`, address: `198.18.0.${number}`, status: "Ready" });
const pod = (number: number, namespace = "default") => ({
  namespace,
  name: `webapp1-nodeport-deployment-6fd46b6db4-${number}`,
  ready: "1/1",
  status: "Running",
  ip: "10.32.0.2",
  node: "node1",
});
const service = (number: number) => ({
  namespace: "default",
  name: `webapp1-nodeport-svc-${number}`,
  type: "NodePort",
  clusterIP: "10.108.156.94",
  ports: "80:30080/TCP",
  nodePorts: [30_080],
});
const overview = (count: number): Overview => ({
  nodes: Array.from({ length: count }, (_, number) => node(number)),
  pods: [pod(0, "kube-system"), ...Array.from({ length: count }, (_, number) => pod(number))],
  services: Array.from({ length: count }, (_, number) => service(number)),
  urls: count > 0 ? ["http://198.18.0.10:30080"] : [],
});
const options = {
  name: "fairway",
  kubeconfig: "/run/fairway/fairway/kubeconfig",
  command: "fairway",
  foreground: true,
  color: false,
};

describe("the summary", () => {
  test("fits a screen of 24 lines and 80 columns with the example in it", () => {
    const text = summary({ ...overview(2), nodes: [node(1), node(2), node(3)] }, { ...options, took: 1234 });
    const lines = text.trimEnd().split("\n");
    assert.ok(lines.length <= 24, `${lines.length} lines`);
    assert.ok(
      lines.every((line) => line.length <= 80),
      text,
    );
    assert.match(text, /Cluster "fairway" is up after 1\.23 s\./);
    assert.match(
      text,
      /export KUBECONFIG=\/run\/fairway\/fairway\/kubeconfig\n {2}curl http:\/\/198\.18\.0\.10:30080\n/,
    );
    assert.match(text, /Ctrl-C takes all of it away/);
    assert.ok(!text.includes("kube-system") && !text.includes(controlByte));
  });
  test("has a column more in a dual-stack cluster, and still fits", () => {
    const nodes = [1, 2, 3].map((number) => ({ ...node(number), ipv6: `fd00:198:19:255::${number}` }));
    const text = summary({ ...overview(2), nodes }, { ...options, took: 1234 });
    assert.match(text, /^NODE +ADDRESS +IPV6 +STATUS$/m);
    assert.match(text, /^node1 +198\.18\.0\.1 +fd00:198:19:255::1 +Ready$/m);
    assert.ok(text.split("\n").every((line) => line.length <= 80) && text.trimEnd().split("\n").length <= 24, text);
  });
  test("shortens long lists and says where the rest is", () => {
    const text = summary(overview(50), options);
    assert.equal(text.match(/… and 47 more \(kubectl get (nodes|pods -A|services -A)\)/g)?.length, 3);
  });
  test("of an empty cluster names no Pods, Services or URLs", () => {
    assert.doesNotMatch(summary(overview(0), options), /POD|SERVICE|curl/);
  });
  test("names the cluster in commands when it is not the default one", () => {
    const text = summary(overview(1), { ...options, name: "lab", foreground: false });
    assert.match(text, /fairway node exec --name lab node0 -- /);
    assert.match(text, /Take it away: fairway down --name lab\n/);
  });
  test("has colours for people at a terminal only", () => {
    assert.ok(summary(overview(1), { ...options, color: true }).includes(`${controlByte}[1m`));
    assert.deepEqual(
      [hasColors({ isTTY: true }, {}), hasColors({ isTTY: true }, { NO_COLOR: "1" }), hasColors({}, {})],
      [true, false, false],
    );
  });
});

describe("the status", () => {
  const part = (name: string) => ({ name, state: "running" as const, pid: 7, restarts: 0 });
  const machine = (name: string, names: string[]) => ({
    name,
    address: "198.18.0.10",
    state: "running" as const,
    pid: 12,
    restarts: 0,
    parts: names.map(part),
  });
  const status: WorldStatus = {
    name: "fairway",
    state: "running",
    started: "2026-11-23T11:12:13.456Z",
    kubeconfig: "/run/fairway/fairway/kubeconfig",
    nodeCIDR: "198.18.0.0/24",
    podCIDR: "10.32.0.0/12",
    serviceCIDR: "10.96.0.0/12",
    server: "https://198.18.0.2:6443",
    controlPlane: machine("control-plane", ["apiserver"]),
    nodes: [machine("node1", ["demo-server", "agent", "proxy"])],
    memory: { total: 300 * 1024, processes: 41, roles: { agent: 1 } },
  };
  test("tells memory, machines, processes, objects and URLs in 80 columns", () => {
    const text = statusText(status, overview(2), false);
    assert.ok(
      text.split("\n").every((line) => line.length <= 80),
      text,
    );
    assert.match(text, /^Cluster "fairway" is running\.\nsince 2026-11-23 11:12:13 UTC, 300 MB in 41 processes$/m);
    assert.match(text, /^node1 +198\.18\.0\.10 +running +Ready +3 of 3 run$/m);
    assert.match(text, /^http:\/\/198\.18\.0\.10:30080$/m);
  });
  test("tells the ranges of both families in 80 columns", () => {
    const ipv6 = { nodeCIDR: "fd00:198:19:255::/64", podCIDR: "fd00:10:32::/48", serviceCIDR: "fd00:10:96::/108" };
    const text = statusText({ ...status, ipv6 }, overview(1), false);
    assert.match(text, /^nodes 198\.18\.0\.0\/24, fd00:198:19:255::\/64$/m);
    assert.match(text, /^Pods 10\.32\.0\.0\/12, fd00:10:32::\/48; Services 10\.96\.0\.0\/12, fd00:10:96::\/108$/m);
    assert.ok(
      text.split("\n").every((line) => line.length <= 80),
      text,
    );
  });
  test("tells what is wrong with a node's processes", () => {
    const [node1] = status.nodes;
    const parts = [
      { ...part("agent"), restarts: 3, lastEnd: "exit status 1" },
      { ...part("proxy"), state: "restarting" as const, lastEnd: "SIGSEGV" },
    ];
    const text = statusText({ ...status, nodes: [{ ...node1!, restarts: 2, parts }] }, overview(1), false);
    assert.match(text, /^node1 .* 1 of 2 run$/m);
    const [made, agent, proxy] = text.split("\n").filter((line) => /^node1[: ]\S* ?(was|agent|proxy)/.test(line));
    assert.deepEqual(
      [made, agent, proxy],
      [
        "node1 was made again 2x",
        "node1: agent was started again 3x (exit status 1)",
        "node1: proxy is restarting (SIGSEGV)",
      ],
    );
  });
  test("is told without the API too", () => {
    const text = statusText(status, { error: "connect ECONNREFUSED" }, false);
    assert.match(text, /^node1 .* unknown .*$/m);
    assert.match(text, /The API does not answer: connect ECONNREFUSED/);
  });
});
