import { connect } from "node:net";
import type { KubernetesClient } from "../../../kubernetes/client.ts";
import { createClient } from "../../../kubernetes/http-client.ts";
import { createHttpsTransport } from "../../../kubernetes/https-transport.ts";
import { loadKubeconfig } from "../../../kubernetes/kubeconfig.ts";
import { deployments, endpointSlices, namespaces, nodes, services } from "../../../kubernetes/resource.ts";
import type { Deployment, EndpointSlice, Node, Service } from "../../../kubernetes/types.ts";
import { hostPaths } from "../../config.ts";
import { askSupervisor } from "../control.ts";
import { cannotServe } from "../hopeless.ts";
import { type Overview, readOverview } from "../overview.ts";
import { patient } from "../patience.ts";
import type { Progress } from "../progress.ts";
import type { WorldStatus } from "../protocol.ts";
import { applyManifest } from "./apply.ts";
import { type Manifest, readManifests } from "./manifests.ts";
import { reachedAddresses } from "./reached.ts";
import { isAvailable, isReady, persist, poll, watchUntil } from "./wait.ts";

export interface SettleOptions {
  name: string;
  manifests: string[];
  /** How many nodes are to become ready. */
  nodes: number;
  /** Start of the boot, milliseconds since the epoch. */
  started: number;
}

/** How the outcome is shown. */
export interface ShowOptions {
  json: boolean;
  color: boolean;
  foreground: boolean;
}

/** Milliseconds. What is not there by then is said, and the cluster stays up. */
const patience = { api: patient(60_000), rest: patient(120_000) };

/**
 * Applies the manifests as soon as the API answers (nodes are still joining), waits for what they ask for, and tells what the cluster looks
 * like then. Rejects when a manifest cannot be applied.
 */
export async function settle(options: SettleOptions, progress: Progress): Promise<Overview> {
  const manifests = await readManifests(options.manifests);
  const client = createClient(createHttpsTransport(await loadKubeconfig(hostPaths(options.name).kubeconfig)), {
    userAgent: "fairway-up",
  });
  try {
    const api = await poll(() => client.get(namespaces, "default"), 15, AbortSignal.timeout(patience.api));
    if (api === undefined) throw new Error(`the API server did not answer within ${patience.api / 1000} s`);
    progress.step("the API answers");
    const applied: string[] = [];
    const applying = AbortSignal.timeout(patience.rest);
    for (const manifest of manifests) applied.push(await applyManifest(client, manifest, applying));
    if (applied.length > 0) progress.step(applied.join(", "));
    await waitForAll(client, manifests, options, progress);
    return await persist(() => readOverview(client), AbortSignal.timeout(patience.rest));
  } finally {
    await client.close();
  }
}

async function waitForAll(
  client: KubernetesClient,
  manifests: Manifest[],
  { name, nodes: count, started }: SettleOptions,
  progress: Progress,
) {
  const signal = AbortSignal.timeout(patience.rest);
  const tell = (done: boolean, what: string, problem: string) =>
    progress.step(done ? what : `${problem} after ${patience.rest / 1000} s; look with kubectl`);
  const joined = watchUntil<Node>(
    client,
    nodes,
    {},
    (all) => all.filter((node) => isReady(node, started)).length >= count,
    signal,
  );
  const rolledOut = manifests
    .filter(({ resource }) => resource === deployments)
    .map(async ({ object: { metadata } }) => {
      const options = { namespace: metadata.namespace ?? "default", fieldSelector: `metadata.name=${metadata.name}` };
      const available = await watchUntil<Deployment>(
        client,
        deployments,
        options,
        (all) => all.some(isAvailable),
        signal,
      );
      tell(available, `Deployment ${metadata.name} is available`, `Deployment ${metadata.name} is not available`);
    });
  tell(await joined, count === 1 ? "the node is ready" : `${count} nodes are ready`, "some nodes are not ready");
  await Promise.all(rolledOut);
  const served = new AbortController();
  const lost = new Map<string, string>();
  void watchLost(name, lost, AbortSignal.any([signal, served.signal]));
  try {
    await nodePortsAnswer(client, manifests, { signal, lost, progress });
  } finally {
    served.abort();
  }
}

/** Of nodes whose proxy cannot serve: their addresses, and whose they are. Looks until the signal comes. */
async function watchLost(name: string, lost: Map<string, string>, signal: AbortSignal): Promise<void> {
  const look = async (): Promise<undefined> => {
    const { nodes } = await askSupervisor<WorldStatus>(hostPaths(name).control, { op: "status" });
    for (const node of nodes.filter(cannotServe))
      for (const address of [node.address, node.ipv6]) if (address !== undefined) lost.set(address, node.name);
  };
  await poll(look, 500, signal);
}

interface Waiting {
  signal: AbortSignal;
  /** Addresses that are not waited for, and the names of their nodes. */
  lost: ReadonlyMap<string, string>;
  progress: Progress;
}

async function nodePortsAnswer(
  client: KubernetesClient,
  manifests: Manifest[],
  { signal, lost, progress }: Waiting,
): Promise<void> {
  const named = manifests.filter(({ resource }) => resource === services);
  for (const { object } of named) {
    const { name, namespace = "default" } = object.metadata;
    const service = await persist(() => client.get<Service>(services, name, namespace), signal);
    const { spec } = service;
    const ports = (spec?.ports ?? []).filter(({ nodePort, protocol }) => nodePort && (protocol ?? "TCP") === "TCP");
    if (spec?.selector === undefined || spec.type === "ClusterIP") continue;
    if (ports.length === 0) continue;
    const isLocal = spec.externalTrafficPolicy === "Local";
    const reached = await poll(() => reachedNow(client, service), 50, signal);
    const where = isLocal ? "every node with a Pod of it" : "every node";
    if (reached === undefined) {
      progress.step(`Service ${name} has no Pod that is ready after ${patience.rest / 1000} s; look with kubectl`);
      continue;
    }
    const targets = ports.flatMap(({ nodePort = 0 }) => reached.map((address) => ({ address, port: nodePort })));
    const silent = new Set<string>();
    const ask = async ({ address, port }: { address: string; port: number }) => {
      const attempt = async () => (lost.has(address) ? false : connects(address, port, signal));
      const answered = await poll(attempt, 10, signal);
      if (answered !== true) silent.add(address);
    };
    await Promise.all(targets.map(ask));
    progress.step(whoAnswers(name, where, silent, lost));
  }
}

/** Where a Service is to answer; undefined while that is nowhere: a Local one has no Pod that is ready yet. */
async function reachedNow(client: KubernetesClient, service: Service): Promise<string[] | undefined> {
  const { name = "", namespace } = service.metadata ?? {};
  const ofService = { namespace, labelSelector: `kubernetes.io/service-name=${name}` };
  const [all, slices] = await Promise.all([
    client.list<Node>(nodes),
    client.list<EndpointSlice>(endpointSlices, ofService),
  ]);
  const reached = reachedAddresses(service, all.items, slices.items);
  return reached.length > 0 ? reached : undefined;
}

/** `where` it is to answer; `silent`: addresses of nodes among them where it does not; `lost` as in Waiting. */
function whoAnswers(
  service: string,
  where: string,
  silent: ReadonlySet<string>,
  lost: ReadonlyMap<string, string>,
): string {
  if (silent.size === 0) return `Service ${service} answers on ${where}`;
  if (![...silent].every((address) => lost.has(address)))
    return `Service ${service} does not answer after ${patience.rest / 1000} s; look with kubectl`;
  const names = [...new Set([...silent].map((address) => lost.get(address)))].join(", ");
  return `Service ${service} does not answer on ${names}, whose proxy cannot start; fairway status tells why`;
}

/** Briefly, so that a SYN that was lost to a rule not there yet is not waited for. */
function connects(host: string, port: number, signal: AbortSignal): Promise<true | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.setTimeout(100, () => socket.destroy(new Error("timed out")));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", reject);
  });
}
