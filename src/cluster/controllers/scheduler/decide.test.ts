import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Node, Pod } from "../../../kubernetes/types.ts";
import { amountOf } from "./amounts.ts";
import { type Decision, decide, explain, rejectionsOf } from "./decide.ts";
import { NodeAccount } from "./node-account.ts";
import { needsOf } from "./pod-needs.ts";

type PodSpec = NonNullable<Pod["spec"]>;

function node(
  name: string,
  change: { spec?: Node["spec"]; labels?: Record<string, string>; allocatable?: Record<string, string> } = {},
): NodeAccount {
  const account = new NodeAccount(name);
  account.setNode({
    metadata: { name, labels: change.labels ?? {} },
    spec: change.spec ?? {},
    status: { allocatable: { cpu: "2", memory: "1Gi", pods: "3", ...change.allocatable } },
  });
  return account;
}

let uid = 0;
function pod(spec: Partial<PodSpec> & { requests?: Record<string, string> } = {}, owner?: string): Pod {
  const { requests, ...rest } = spec;
  uid += 1;
  return {
    metadata: {
      name: `p${uid}`,
      uid: `u${uid}`,
      ...(owner && { ownerReferences: [{ apiVersion: "v1", kind: "X", name: owner, uid: owner, controller: true }] }),
    },
    spec: { containers: [{ name: "c", ...(requests && { resources: { requests } }) }], ...rest },
  };
}

function put(account: NodeAccount, ...pods: Pod[]): NodeAccount {
  for (const one of pods) account.add(one.metadata?.uid ?? "", needsOf(one));
  return account;
}

function affinity(key: string, operator: string, values?: string[]): Partial<PodSpec> {
  const nodeSelectorTerms = [{ matchExpressions: [{ key, operator, values }] }];
  return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } };
}

function onlyNode(name: string): Partial<PodSpec> {
  const nodeSelectorTerms = [{ matchFields: [{ key: "metadata.name", operator: "In", values: [name] }] }];
  return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } };
}

const hostPort = (port: number, hostIP?: string, protocol?: string): Partial<PodSpec> => ({
  containers: [{ name: "c", ports: [{ containerPort: 80, hostPort: port, hostIP, protocol }] }],
});

test("filters", () => {
  const taint = { key: "team", value: "a", effect: "NoSchedule" };
  const labelled = { labels: { disk: "ssd", size: "5" } };
  const wrongNode = ["node(s) didn't match Pod's node affinity/selector"];
  const noPort = ["node(s) didn't have free ports for the requested pod ports"];
  const cases: [string, Pod, NodeAccount, string[]][] = [
    ["nothing asked", pod(), node("n"), []],
    ["cordoned", pod(), node("n", { spec: { unschedulable: true } }), ["node(s) were unschedulable"]],
    [
      "cordoned, tolerated",
      pod({ tolerations: [{ key: "node.kubernetes.io/unschedulable", operator: "Exists" }] }),
      node("n", { spec: { unschedulable: true } }),
      [],
    ],
    ["taint", pod(), node("n", { spec: { taints: [taint] } }), ["node(s) had untolerated taint {team: a}"]],
    [
      "taint tolerated",
      pod({ tolerations: [{ key: "team", value: "a" }] }),
      node("n", { spec: { taints: [taint] } }),
      [],
    ],
    [
      "taint with another value",
      pod({ tolerations: [{ key: "team", value: "b" }] }),
      node("n", { spec: { taints: [taint] } }),
      ["node(s) had untolerated taint {team: a}"],
    ],
    [
      "taint tolerated for another effect",
      pod({ tolerations: [{ operator: "Exists", effect: "NoExecute" }] }),
      node("n", { spec: { taints: [taint] } }),
      ["node(s) had untolerated taint {team: a}"],
    ],
    ["all tolerated", pod({ tolerations: [{ operator: "Exists" }] }), node("n", { spec: { taints: [taint] } }), []],
    [
      "PreferNoSchedule rejects nobody",
      pod(),
      node("n", { spec: { taints: [{ ...taint, effect: "PreferNoSchedule" }] } }),
      [],
    ],
    ["nodeSelector", pod({ nodeSelector: { disk: "ssd" } }), node("n", labelled), []],
    ["nodeSelector not met", pod({ nodeSelector: { disk: "hdd" } }), node("n", labelled), wrongNode],
    ["In", pod(affinity("disk", "In", ["ssd", "nvme"])), node("n", labelled), []],
    ["NotIn", pod(affinity("disk", "NotIn", ["ssd"])), node("n", labelled), wrongNode],
    ["NotIn of a label that is not there", pod(affinity("gpu", "NotIn", ["x"])), node("n", labelled), []],
    ["Exists", pod(affinity("gpu", "Exists")), node("n", labelled), wrongNode],
    ["DoesNotExist", pod(affinity("gpu", "DoesNotExist")), node("n", labelled), []],
    ["Gt", pod(affinity("size", "Gt", ["4"])), node("n", labelled), []],
    ["Lt", pod(affinity("size", "Lt", ["4"])), node("n", labelled), wrongNode],
    ["Gt of no number", pod(affinity("disk", "Gt", ["4"])), node("n", labelled), wrongNode],
    ["by name", pod(onlyNode("n")), node("n"), []],
    ["by another name", pod(onlyNode("m")), node("n"), wrongNode],
    ["cpu", pod({ requests: { cpu: "2001m" } }), node("n"), ["Insufficient cpu"]],
    ["cpu exactly", pod({ requests: { cpu: "2" } }), node("n"), []],
    [
      "cpu in use",
      pod({ requests: { cpu: "0.5" } }),
      put(node("n"), pod({ requests: { cpu: "1600m" } })),
      ["Insufficient cpu"],
    ],
    [
      "cpu and memory",
      pod({ requests: { cpu: "9", memory: "2Gi" } }),
      node("n"),
      ["Insufficient cpu", "Insufficient memory"],
    ],
    [
      "a resource that the node does not have",
      pod({ requests: { "example.com/gpu": "1" } }),
      node("n"),
      ["Insufficient example.com/gpu"],
    ],
    ["too many Pods", pod(), put(node("n"), pod(), pod(), pod()), ["Too many pods"]],
    ["host port taken", pod(hostPort(80)), put(node("n"), pod(hostPort(80))), noPort],
    ["host port of another protocol", pod(hostPort(80, undefined, "UDP")), put(node("n"), pod(hostPort(80))), []],
    ["host port on two addresses", pod(hostPort(80, "10.0.0.1")), put(node("n"), pod(hostPort(80, "10.0.0.2"))), []],
    ["host port on any address", pod(hostPort(80)), put(node("n"), pod(hostPort(80, "10.0.0.2"))), noPort],
    [
      "host network",
      pod({ hostNetwork: true, containers: [{ name: "c", ports: [{ containerPort: 80 }] }] }),
      put(node("n"), pod(hostPort(80))),
      noPort,
    ],
  ];
  for (const [name, one, account, expected] of cases)
    assert.deepEqual(rejectionsOf(needsOf(one), account), expected, name);
});

test("requests: init containers run one after the other, sidecars beside everything", () => {
  const container = (cpu: string, restartPolicy?: string) => ({
    name: "c",
    restartPolicy,
    resources: { requests: { cpu } },
  });
  const cases: [Partial<PodSpec>, number][] = [
    [{ containers: [container("1"), container("500m")] }, 1500],
    [{ containers: [container("1")], initContainers: [container("3"), container("2")] }, 3000],
    [{ containers: [container("1")], initContainers: [container("1", "Always"), container("3")] }, 4000],
    [{ containers: [container("3")], initContainers: [container("3"), container("1", "Always")] }, 4000],
    [{ containers: [container("1")], overhead: { cpu: "250m" } }, 1250],
  ];
  for (const [spec, cpu] of cases) assert.equal(needsOf(pod(spec)).requests.cpu, cpu, JSON.stringify(spec));
});

test("quantities", () => {
  const cases: [string, string | number, number][] = [
    ["cpu", "100m", 100],
    ["cpu", "0.1", 100],
    ["cpu", "1.5", 1500],
    ["cpu", 2, 2000],
    ["cpu", "1n", 1],
    ["memory", "1Ki", 1024],
    ["memory", "1.5Gi", 1610612736],
    ["memory", "128M", 128_000_000],
    ["memory", "1e3", 1000],
    ["memory", "5E", 5e18],
    ["memory", "nonsense", 0],
  ];
  for (const [resource, quantity, expected] of cases)
    assert.equal(amountOf(resource, quantity), expected, `${quantity}`);
});

test("choice: preference, then company of the same owner, then load, then name", () => {
  const cpu = (amount: string, owner?: string) => pod({ requests: { cpu: amount } }, owner);
  const preferred = { preference: { matchExpressions: [{ key: "fast", operator: "Exists" }] }, weight: 1 };
  const prefers = { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preferred] } } };
  const avoided = { taints: [{ key: "x", effect: "PreferNoSchedule" }] };
  const cases: [string, Pod, NodeAccount[], string][] = [
    ["first by name", pod(), [node("b"), node("a")], "a"],
    ["least loaded", pod(), [put(node("a"), cpu("1")), node("b")], "b"],
    ["fewest of the same owner", cpu("1", "web"), [put(node("a"), cpu("0", "web")), put(node("b"), cpu("1"))], "b"],
    ["preferred", pod(prefers), [node("a"), put(node("b", { labels: { fast: "" } }), cpu("1"))], "b"],
    ["avoided", pod(), [node("a", { spec: avoided }), put(node("b"), cpu("1"))], "b"],
    ["only what fits", cpu("2", "web"), [put(node("a"), cpu("1")), put(node("b"), cpu("0", "web"))], "b"],
  ];
  for (const [name, one, accounts, expected] of cases)
    assert.deepEqual(decide(needsOf(one), accounts), { node: expected }, name);
});

test("while nodes are starting, a Pod waits rather than to join its like or to be rejected", () => {
  const web = pod({}, "web");
  const cordoned = { spec: { unschedulable: true } };
  const cases: [string, Pod, NodeAccount[], number, Decision][] = [
    ["no node yet", web, [], 3, { startingNodes: 3 }],
    ["none that fits", web, [node("a", cordoned)], 1, { startingNodes: 1 }],
    ["the first of its owner", web, [put(node("a"), pod({}, "db"))], 2, { node: "a" }],
    ["the second of its owner", web, [put(node("a"), pod({}, "web"))], 2, { startingNodes: 2 }],
    ["a node without its like", web, [put(node("a"), pod({}, "web")), node("b")], 1, { node: "b" }],
    ["nobody owns it", pod(), [put(node("a"), pod())], 1, { node: "a" }],
    ["nothing to wait for", web, [put(node("a"), pod({}, "web"))], 0, { node: "a" }],
  ];
  for (const [name, one, accounts, starting, expected] of cases)
    assert.deepEqual(decide(needsOf(one), accounts, starting), expected, name);
});

test("explain counts the reasons of all nodes", () => {
  const accounts = [
    node("a", { spec: { unschedulable: true } }),
    put(node("b"), pod({ requests: { cpu: "2" } })),
    put(node("c"), pod({ requests: { cpu: "2" } })),
  ];
  const decision = decide(needsOf(pod({ requests: { cpu: "1" } })), accounts);
  assert.ok("rejections" in decision);
  assert.equal(
    explain(decision.rejections, 3),
    "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.",
  );
  assert.equal(explain(new Map(), 0), "no nodes available to schedule pods");
});

test("accounts: adding and removing in any order comes out as what is there", () => {
  const specs = fc.array(fc.record({ cpu: fc.nat(900), port: fc.nat(3), owner: fc.nat(2) }), { maxLength: 12 });
  fc.assert(
    fc.property(specs, fc.array(fc.nat(11), { maxLength: 40 }), (generated, toggles) => {
      const pods = generated.map(({ cpu, port, owner }) =>
        pod(
          {
            containers: [
              {
                name: "c",
                resources: { requests: { cpu: `${cpu}m` } },
                ports: port ? [{ containerPort: 1, hostPort: port }] : [],
              },
            ],
          },
          `o${owner}`,
        ),
      );
      const account = node("n");
      const present = new Set<Pod>();
      for (const index of toggles) {
        const one = pods[index];
        if (one === undefined) continue;
        // Twice: a repeated event must not count.
        if (present.delete(one)) for (let time = 0; time < 2; time += 1) account.remove(one.metadata?.uid ?? "");
        else for (let time = 0; time < 2; time += 1) put(account, present.add(one) && one);
      }
      const fresh = put(node("n"), ...present);
      assert.equal(account.podCount, present.size);
      assert.equal(account.requested.cpu ?? 0, fresh.requested.cpu ?? 0);
      for (const owner of ["o0", "o1", "o2"]) assert.equal(account.ownedBy(owner), fresh.ownedBy(owner));
      for (const port of ["TCP/0.0.0.0/1", "TCP/0.0.0.0/2", "TCP/0.0.0.0/3"])
        assert.equal(account.hasPortConflict([port]), fresh.hasPortConflict([port]));
    }),
  );
});
