/** All controllers against a real API server in this process; only the agents are played: they say that Pods run. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { KubernetesClient } from "../../kubernetes/client.ts";
import { isNotFound } from "../../kubernetes/errors.ts";
import { createClient } from "../../kubernetes/http-client.ts";
import { startReflector } from "../../kubernetes/list-watch.ts";
import * as resources from "../../kubernetes/resource.ts";
import type {
  DaemonSet,
  Deployment,
  EndpointSlice,
  Endpoints,
  Event,
  KubernetesObject,
  Lease,
  Namespace,
  Node,
  Pod,
  ReplicaSet,
  Service,
} from "../../kubernetes/types.ts";
import { createLogger } from "../../role/log.ts";
import { controllerUser } from "../apiserver/authorization/bootstrap-policy.ts";
import { kinds } from "../apiserver/kinds/index.ts";
import { type ApiServer, createApiServer } from "../apiserver/server.ts";
import type { ClusterConfig } from "../config.ts";
import { Authority } from "../pki/authority.ts";
import { apiServerRequest } from "../pki/cluster.ts";
import { openSqliteJournal } from "../storage/journal.ts";
import { Store } from "../storage/store.ts";
import { startControllers } from "./index.ts";
import { controllerPermissions } from "./permissions.ts";

const log = createLogger("test", process.env.FAIRWAY_LOG_LEVEL ?? "silent");
const namespace = "default";
const minute = 60_000;

let directory: string;
let config: ClusterConfig;
let server: ApiServer;
let controllers: { stop(): Promise<void> };
let api: KubernetesClient;
let agents: { stop(): void };
/** Names of nodes whose agents are dead. */
const dead = new Set<string>();

function clientFor(name: string): KubernetesClient {
  return createClient(server.transportFor(controllerUser(name)), { userAgent: name });
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "fairway-controllers-"));
  config = {
    name: "test",
    nodeCIDR: "198.18.0.0/24",
    podCIDR: "10.32.0.0/12",
    serviceCIDR: "10.96.0.0/12",
    ipv6: { nodeCIDR: "fd00:198:18::/64", podCIDR: "fd00:10:32::/48", serviceCIDR: "fd00:10:96::/108" },
    nodePortRange: [30000, 32767],
    hostAddress: "198.18.0.1",
    apiAddress: "198.18.0.2",
    apiPort: 6443,
    clusterDomain: "cluster.local",
    dnsAddress: "10.96.0.10",
    timings: { leaseRenewInterval: 100, nodeMonitorGrace: 800, podEviction: 1000 },
    dataDir: directory,
  };
  const authority = await Authority.load(join(directory, "pki"));
  const credentials = { ...authority.issue(apiServerRequest(config)), ca: authority.certificate };
  server = await createApiServer({
    config,
    store: new Store(openSqliteJournal({ file: ":memory:", survives: "process" })),
    kinds,
    tls: credentials,
    // No agent serves anything here.
    agentCredentials: credentials,
    serviceAccountKey: generateKeyPairSync("ec", { namedCurve: "P-256" })
      .privateKey.export({ type: "pkcs8", format: "pem" })
      .toString(),
    controllerRules: controllerPermissions,
    log,
  });
  api = createClient(server.transportFor({ name: "admin", groups: ["system:masters"] }), { userAgent: "test" });
  controllers = startControllers({ clientFor, config, log });
  agents = playAgents();
  for (const name of ["node1", "node2", "node3"]) await startNode(name);
});

after(async () => {
  agents?.stop();
  await controllers?.stop();
  await server?.close();
  await rm(directory, { recursive: true, force: true });
});

/** Repeats until the check returns something; fails with what it said last. */
async function eventually<T>(check: () => Promise<T | undefined | false>, what: string, limit = 20_000): Promise<T> {
  const deadline = Date.now() + limit;
  for (;;) {
    const result = await check().catch((error: Error) => {
      if (Date.now() > deadline) throw error;
      return undefined;
    });
    if (result !== undefined && result !== false) return result;
    if (Date.now() > deadline) assert.fail(`never came about: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function startNode(name: string): Promise<void> {
  const index = Number(name.slice(4));
  await api.create<Node>(resources.nodes, {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": `zone${index % 2}` } },
  });
  await reportNode(name);
}

async function reportNode(name: string): Promise<void> {
  const status = {
    allocatable: { cpu: "4", memory: "8Gi", pods: "500" },
    capacity: { cpu: "4", memory: "8Gi", pods: "500" },
    addresses: [{ type: "InternalIP", address: `198.18.0.${10 + Number(name.slice(4))}` }],
    conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", message: "ready" }],
  };
  await api.patch(resources.nodes, name, { status }, { subresource: "status", type: "strategic" });
}

/** Renews leases, makes bound Pods run and lets deleted ones end, on all nodes that are not dead. */
function playAgents() {
  const pods = startReflector<Pod>(api, resources.pods);
  let nextAddress = 2;
  const perform = async (pod: Pod) => {
    const { name = "", uid } = pod.metadata ?? {};
    const { nodeName } = pod.spec ?? {};
    const space = pod.metadata?.namespace;
    if (!nodeName || dead.has(nodeName)) return;
    if (pod.metadata?.deletionTimestamp !== undefined) {
      await api.delete(resources.pods, name, { namespace: space, gracePeriodSeconds: 0, preconditions: { uid } });
    } else if (pod.status?.phase === "Pending") {
      const podIP = `10.32.${nextAddress >> 8}.${nextAddress++ & 255}`;
      const bad = pod.spec?.containers[0]?.image === "bad";
      const lastTransitionTime = new Date().toISOString().slice(0, 19).concat("Z");
      const conditions = [{ type: "Ready", status: bad ? "False" : "True", lastTransitionTime }];
      const podIPs = [{ ip: podIP }, { ip: `fd00:10:32::${nextAddress.toString(16)}` }];
      const status = { phase: "Running", podIP, podIPs, conditions };
      await api.patch(resources.pods, name, { status }, { namespace: space, subresource: "status", type: "strategic" });
    }
  };
  const act = (pod: Pod) => {
    perform(pod).catch((error: Error) => {
      if (!isNotFound(error)) log.warn(`agent: ${error.message}`);
    });
  };
  pods.subscribe(({ type, object }) => {
    if (type !== "deleted") act(object);
  });
  const renew = async () => {
    const { items } = await api.list<Node>(resources.nodes);
    for (const node of items) {
      const name = node.metadata?.name ?? "";
      if (dead.has(name)) continue;
      // As a kubelet: what the lifecycle controller took back is said again.
      if (condition(node, "Ready")?.status === "Unknown") {
        await reportNode(name);
        for (const pod of pods.list()) if (pod.spec?.nodeName === name) act(pod);
      }
      const spec = { holderIdentity: name, renewTime: `${new Date().toISOString().slice(0, -1)}000Z` };
      const lease: Lease = {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name, namespace: "kube-node-lease" },
        spec,
      };
      const options = { namespace: "kube-node-lease" };
      await api.patch(resources.leases, name, { spec }, { ...options, type: "merge" }).catch((error: Error) => {
        if (!isNotFound(error)) throw error;
        return api.create(resources.leases, lease, options);
      });
    }
  };
  const timer = setInterval(() => renew().catch((error: Error) => log.warn(error.message)), 100);
  return {
    stop: () => {
      clearInterval(timer);
      pods.stop();
    },
  };
}

function deployment(name: string, replicas: number, image = "echo"): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "main", image, ports: [{ name: "http", containerPort: 80 }] }] },
      },
    },
  };
}

function service(name: string): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: "http" }] },
  };
}

async function podsOf(app: string): Promise<Pod[]> {
  return (await api.list<Pod>(resources.pods, { namespace, labelSelector: `app=${app}` })).items;
}

async function endpointsOf(name: string) {
  const selector = `kubernetes.io/service-name=${name}`;
  const { items } = await api.list<EndpointSlice>(resources.endpointSlices, { namespace, labelSelector: selector });
  return { slices: items, endpoints: items.flatMap(({ endpoints }) => endpoints ?? []) };
}

async function isGone(resource: resources.Resource, name: string, space = namespace): Promise<boolean> {
  try {
    await api.get<KubernetesObject>(resource, name, space);
    return false;
  } catch (error) {
    if (isNotFound(error)) return true;
    throw error;
  }
}

function condition(
  object: { status?: { conditions?: { type: string; status: string; reason?: string }[] } },
  type: string,
) {
  return object.status?.conditions?.find((candidate) => candidate.type === type);
}

test("every node gets a Pod network of its own", { timeout: minute }, async () => {
  const nodes = await eventually(async () => {
    const { items } = await api.list<Node>(resources.nodes);
    return items.every(({ spec }) => spec?.podCIDR) && items;
  }, "podCIDR on all nodes");
  assert.deepEqual(nodes.map(({ spec }) => spec?.podCIDRs?.join()).sort(), [
    "10.32.0.0/22,fd00:10:32::/64",
    "10.32.4.0/22,fd00:10:32:1::/64",
    "10.32.8.0/22,fd00:10:32:2::/64",
  ]);
});

test("every namespace has its ServiceAccount and root certificate; DNS has its Service and endpoints", async () => {
  for (const space of ["default", "kube-system"]) {
    await eventually(() => api.get(resources.serviceAccounts, "default", space), `ServiceAccount in ${space}`);
    await eventually(() => api.get(resources.configMaps, "kube-root-ca.crt", space), `root certificate in ${space}`);
  }
  const dns = await eventually(() => api.get<Service>(resources.services, "kube-dns", "kube-system"), "DNS Service");
  assert.equal(dns.spec?.clusterIP, "10.96.0.10");
  const addresses = await eventually(async () => {
    const { items } = await api.list<EndpointSlice>(resources.endpointSlices, {
      namespace: "kube-system",
      labelSelector: "kubernetes.io/service-name=kube-dns",
    });
    const endpoints = items.flatMap((slice) => slice.endpoints ?? []);
    return endpoints.length === 3 && endpoints.map((endpoint) => endpoint.addresses[0]);
  }, "DNS endpoints");
  assert.deepEqual(addresses.sort(), ["198.18.0.11", "198.18.0.12", "198.18.0.13"]);
});

test("a Deployment comes up, spread over the nodes, behind its Service", { timeout: minute }, async () => {
  await api.create(resources.deployments, deployment("web", 6), { namespace });
  await api.create(resources.services, service("web"), { namespace });
  const live = await eventually(async () => {
    const found = await api.get<Deployment>(resources.deployments, "web", namespace);
    return condition(found, "Progressing")?.reason === "NewReplicaSetAvailable" && found;
  }, "the rollout to end");
  assert.equal(live.status?.availableReplicas, 6);
  assert.equal(live.status?.observedGeneration, live.metadata?.generation);
  assert.equal(live.metadata?.annotations?.["deployment.kubernetes.io/revision"], "1");
  const pods = await podsOf("web");
  assert.equal(pods.length, 6, "never one too many");
  assert.deepEqual(
    [...Map.groupBy(pods, ({ spec }) => spec?.nodeName).values()].map((group) => group.length),
    [2, 2, 2],
  );
  const { slices, endpoints } = await eventually(async () => {
    const found = await endpointsOf("web");
    return found.endpoints.filter(({ conditions }) => conditions?.ready).length === 6 && found;
  }, "six endpoints");
  assert.equal(slices.length, 1);
  assert.deepEqual(slices[0]?.ports, [{ name: "", port: 80, protocol: "TCP" }]);
  assert.ok(endpoints.every(({ nodeName, targetRef, zone }) => nodeName && targetRef?.uid && zone));
  const legacy = await eventually(async () => {
    const found = await api.get<Endpoints>(resources.endpoints, "web", namespace);
    return found.subsets?.[0]?.addresses?.length === 6 && found;
  }, "six addresses in Endpoints");
  assert.deepEqual(legacy.subsets?.[0]?.ports, [{ port: 80, protocol: "TCP" }]);
  const { items: events } = await eventually(async () => {
    const found = await api.list<Event>(resources.events, { namespace });
    return found.items.filter(({ reason }) => reason === "Scheduled").length >= 6 && found;
  }, "events of the scheduler");
  assert.ok(events.some(({ reason, message }) => reason === "ScalingReplicaSet" && message?.endsWith("from 0 to 6")));
});

test("slices follow the families of their Service; Endpoints have the primary one", { timeout: minute }, async () => {
  const setPolicy = (ipFamilyPolicy: string) =>
    api.patch<Service>(resources.services, "web", { spec: { ipFamilyPolicy } }, { namespace, type: "merge" });
  const slicesAre = (expected: string[]) =>
    eventually(async () => {
      const { slices } = await endpointsOf("web");
      const found = slices.map(({ addressType, endpoints }) => `${addressType} ${endpoints?.length}`).sort();
      return found.join() === expected.join() && slices;
    }, `slices ${expected.join()}`);
  const first = (await slicesAre(["IPv4 6"]))[0];
  await setPolicy("PreferDualStack");
  const both = await slicesAre(["IPv4 6", "IPv6 6"]);
  assert.ok(
    both.some(({ metadata }) => metadata?.uid === first?.metadata?.uid),
    "the slice of IPv4 stays",
  );
  const six = both.find(({ addressType }) => addressType === "IPv6");
  assert.ok(six?.endpoints?.every(({ addresses }) => addresses[0]?.startsWith("fd00:10:32::")));
  const legacy = await api.get<Endpoints>(resources.endpoints, "web", namespace);
  assert.equal(legacy.subsets?.[0]?.addresses?.length, 6);
  await setPolicy("SingleStack");
  await slicesAre(["IPv4 6"]);
});

test("a new template replaces the Pods, an old one comes back under a new revision", { timeout: minute }, async () => {
  const setImage = (image: string) =>
    api.patch<Deployment>(
      resources.deployments,
      "web",
      { spec: { template: { spec: { containers: [{ name: "main", image }] } } } },
      { namespace, type: "strategic" },
    );
  const finished = async (generation: number | undefined) => {
    const { status, metadata } = await api.get<Deployment>(resources.deployments, "web", namespace);
    const done = (status?.observedGeneration ?? 0) >= (generation ?? 0) && status?.updatedReplicas === 6;
    return done && status?.replicas === 6 && status.availableReplicas === 6 && metadata;
  };
  const updated = await setImage("nginx");
  const second = await eventually(() => finished(updated.metadata?.generation), "the rolling update to end");
  assert.equal(second.annotations?.["deployment.kubernetes.io/revision"], "2");
  await eventually(async () => (await podsOf("web")).length === 6, "the old Pods to be gone");
  assert.ok((await podsOf("web")).every(({ spec }) => spec?.containers[0]?.image === "nginx"));
  const back = await setImage("echo");
  const third = await eventually(() => finished(back.metadata?.generation), "the way back to end");
  assert.equal(third.annotations?.["deployment.kubernetes.io/revision"], "3");
  const { items } = await api.list<ReplicaSet>(resources.replicaSets, { namespace, labelSelector: "app=web" });
  assert.equal(items.length, 2, "the first ReplicaSet was used again");
});

test("a version that never gets ready stops at the limits of the rolling update", { timeout: minute }, async () => {
  await api.create(resources.deployments, deployment("stuck", 4), { namespace });
  const available = async () => (await api.get<Deployment>(resources.deployments, "stuck", namespace)).status;
  await eventually(async () => (await available())?.availableReplicas === 4, "four replicas");
  const image = { spec: { template: { spec: { containers: [{ name: "main", image: "bad" }] } } } };
  await api.patch(resources.deployments, "stuck", image, { namespace, type: "strategic" });
  await eventually(async () => (await available())?.updatedReplicas === 2, "surge and unavailable: one each");
  const status = await available();
  assert.equal(status?.availableReplicas, 3, "maxUnavailable 25% of 4");
  assert.equal(status?.replicas, 5, "maxSurge 25% of 4");
  await api.delete(resources.deployments, "stuck", { namespace });
  await eventually(async () => (await podsOf("stuck")).length === 0, "the collector to take all of it");
});

test("a Pod that fits nowhere says why, and goes when something changes", { timeout: minute }, async () => {
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "choosy", namespace },
    spec: { nodeSelector: { disk: "fast" }, containers: [{ name: "main", image: "echo" }] },
  };
  await api.create(resources.pods, pod, { namespace });
  const waiting = await eventually(async () => {
    const found = await api.get<Pod>(resources.pods, "choosy", namespace);
    return condition(found, "PodScheduled")?.reason === "Unschedulable" && found;
  }, "PodScheduled=False");
  const message = "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.";
  assert.equal(waiting.status?.conditions?.find(({ type }) => type === "PodScheduled")?.message, message);
  await api.patch(resources.nodes, "node2", { metadata: { labels: { disk: "fast" } } }, { type: "merge" });
  const bound = await eventually(async () => {
    const found = await api.get<Pod>(resources.pods, "choosy", namespace);
    return found.spec?.nodeName ? found : undefined;
  }, "the Pod to be bound");
  assert.equal(bound.spec?.nodeName, "node2");
  await api.delete(resources.pods, "choosy", { namespace });
});

test("a DaemonSet has one Pod on each node", { timeout: minute }, async () => {
  const { template } = deployment("daemon", 1).spec!;
  const daemonSet: DaemonSet = {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "daemon", namespace },
    spec: { selector: { matchLabels: { app: "daemon" } }, template },
  };
  await api.create(resources.daemonSets, daemonSet, { namespace });
  await eventually(async () => {
    const { status } = await api.get<DaemonSet>(resources.daemonSets, "daemon", namespace);
    return status?.numberAvailable === 3 && status.updatedNumberScheduled === 3;
  }, "three available");
  assert.deepEqual((await podsOf("daemon")).map(({ spec }) => spec?.nodeName).sort(), ["node1", "node2", "node3"]);
  const image = { spec: { template: { spec: { containers: [{ name: "main", image: "nginx" }] } } } };
  await api.patch(resources.daemonSets, "daemon", image, { namespace, type: "strategic" });
  await eventually(async () => {
    const pods = await podsOf("daemon");
    return pods.length === 3 && pods.every(({ spec }) => spec?.containers[0]?.image === "nginx");
  }, "the rolling update to end");
  await api.delete(resources.daemonSets, "daemon", { namespace, propagationPolicy: "Foreground" });
  await eventually(() => isGone(resources.daemonSets, "daemon"), "the foreground deletion to end");
  assert.deepEqual(await podsOf("daemon"), []);
});

test("deletion with orphans leaves the Pods, and a new owner adopts them", { timeout: minute }, async () => {
  await api.create(resources.deployments, deployment("kept", 2), { namespace });
  await eventually(
    async () => (await podsOf("kept")).filter((pod) => condition(pod, "Ready")).length === 2,
    "two Pods",
  );
  const { items } = await api.list<ReplicaSet>(resources.replicaSets, { namespace, labelSelector: "app=kept" });
  const before = (await podsOf("kept")).map(({ metadata }) => metadata?.uid).sort();
  await api.delete(resources.deployments, "kept", { namespace, propagationPolicy: "Orphan" });
  await eventually(() => isGone(resources.deployments, "kept"), "the Deployment to be gone");
  const name = items[0]?.metadata?.name ?? "";
  const set = await api.get<ReplicaSet>(resources.replicaSets, name, namespace);
  assert.deepEqual(set.metadata?.ownerReferences ?? [], []);
  const again = await api.create(resources.deployments, deployment("kept", 2), { namespace });
  await eventually(async () => {
    const adopted = await api.get<ReplicaSet>(resources.replicaSets, name, namespace);
    return adopted.metadata?.ownerReferences?.[0]?.uid === again.metadata?.uid;
  }, "adoption");
  assert.deepEqual((await podsOf("kept")).map(({ metadata }) => metadata?.uid).sort(), before);
  await api.delete(resources.deployments, "kept", { namespace });
});

test("a namespace goes with all that is in it", { timeout: minute }, async () => {
  const name = "short";
  await api.create<Namespace>(resources.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  await eventually(() => api.get(resources.configMaps, "kube-root-ca.crt", name), "its root certificate");
  const inside = deployment("inside", 3);
  await api.create(
    resources.deployments,
    { ...inside, metadata: { name: "inside", namespace: name } },
    { namespace: name },
  );
  await eventually(async () => (await api.list(resources.pods, { namespace: name })).items.length === 3, "three Pods");
  await api.delete(resources.namespaces, name);
  await eventually(() => isGone(resources.namespaces, name, ""), "the namespace to be gone");
  assert.deepEqual((await api.list(resources.pods, { namespace: name })).items, []);
});

test("a dead node's Pods leave the endpoints, are evicted and replaced", { timeout: minute }, async () => {
  dead.add("node3");
  await eventually(async () => {
    const { endpoints } = await endpointsOf("web");
    return endpoints.every(({ nodeName, conditions }) => nodeName !== "node3" || !conditions?.ready);
  }, "no ready endpoint on node3");
  const node = await api.get<Node>(resources.nodes, "node3");
  assert.equal(condition(node, "Ready")?.status, "Unknown");
  await eventually(async () => {
    const { spec } = await api.get<Node>(resources.nodes, "node3");
    return spec?.taints?.some(({ key, effect }) => key === "node.kubernetes.io/unreachable" && effect === "NoExecute");
  }, "the taint");
  await eventually(async () => {
    const { endpoints } = await endpointsOf("web");
    return endpoints.filter(({ conditions }) => conditions?.ready).length === 6;
  }, "six ready endpoints on the other nodes");
  dead.delete("node3");
  await eventually(async () => {
    const { spec } = await api.get<Node>(resources.nodes, "node3");
    return (spec?.taints ?? []).length === 0;
  }, "the taints to be gone");
});

test("when all nodes fall silent, no Pod is touched", { timeout: minute }, async () => {
  await eventually(async () => (await podsOf("web")).length === 6, "six Pods");
  const uids = (await podsOf("web")).map(({ metadata }) => metadata?.uid).sort();
  for (const name of ["node1", "node2", "node3"]) dead.add(name);
  await eventually(async () => {
    const { items } = await api.list<Node>(resources.nodes);
    return items.every((node) => condition(node, "Ready")?.status === "Unknown");
  }, "all nodes Unknown");
  const pods = await podsOf("web");
  assert.deepEqual(pods.map(({ metadata }) => metadata?.uid).sort(), uids);
  assert.ok(pods.every((pod) => condition(pod, "Ready")?.status === "True"));
  assert.ok(pods.every(({ metadata }) => metadata?.deletionTimestamp === undefined));
  const { items } = await api.list<Node>(resources.nodes);
  const taints = items.flatMap(({ spec }) => spec?.taints ?? []);
  assert.ok(taints.every(({ effect }) => effect === "NoSchedule"));
  dead.clear();
  await eventually(async () => {
    const found = await api.list<Node>(resources.nodes);
    return found.items.every(({ spec }) => (spec?.taints ?? []).length === 0);
  }, "all nodes back");
});

test("a node that is removed takes its Pods along", { timeout: minute }, async () => {
  dead.add("node3");
  await api.delete(resources.nodes, "node3");
  await eventually(async () => {
    const { items } = await api.list<Pod>(resources.pods, { fieldSelector: "spec.nodeName=node3" });
    return items.length === 0;
  }, "no Pod on node3");
  await eventually(async () => (await podsOf("web")).length === 6, "six Pods on the others");
});

test("controllers that start anew change nothing that is right", { timeout: minute }, async () => {
  await eventually(async () => {
    const { status } = await api.get<Deployment>(resources.deployments, "web", namespace);
    return status?.availableReplicas === 6;
  }, "a settled cluster");
  const versions = async () => {
    const { items } = await api.list<Pod>(resources.pods);
    return items.map(({ metadata }) => `${metadata?.name} ${metadata?.resourceVersion}`).sort();
  };
  const before = await versions();
  await controllers.stop();
  controllers = startControllers({ clientFor, config, log });
  // A sign that they run, written after all of them have started.
  await api.create(resources.deployments, deployment("probe", 1), { namespace });
  await eventually(async () => (await podsOf("probe")).some((pod) => condition(pod, "Ready")), "the new Pod");
  const after = (await versions()).filter((line) => !line.startsWith("probe-"));
  assert.deepEqual(after, before);
});
