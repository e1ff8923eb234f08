import type { Endpoint } from "../table.ts";

/** Why an endpoint is not in a set. */
export type Reason =
  | "not-ready"
  /** Ready ones exist, so one on its way out is left alone. */
  | "terminating"
  | "not-on-this-node"
  | "hinted-to-other-nodes"
  | "hinted-to-other-zones";

/** Told of every endpoint that was left out of a set that the Service uses, and why. Used by `explain`; not on the hot path. */
export type Recorder = (set: "cluster" | "local", endpoint: Endpoint, reason: Reason) => void;

export interface Needs {
  /** Some traffic of the service port may go to any node. */
  cluster: boolean;
  /** Some traffic must stay on this node. */
  local: boolean;
}

export interface NodeTopology {
  nodeName: string;
  zone?: string;
}

export interface Categories {
  cluster: Endpoint[];
  local: Endpoint[];
  /** Somebody serves, here or elsewhere. */
  any: boolean;
}

/**
 * Chooses the endpoints of one service port, as Kubernetes 1.36 does: the ready ones, or, when none is ready, those that still serve while
 * terminating; decided for the whole cluster and for this node separately. Topology hints narrow the Cluster set only.
 */
export function categorize(
  endpoints: readonly Endpoint[],
  needs: Needs,
  node: NodeTopology,
  record: Recorder = () => {},
): Categories {
  const cluster = needs.cluster ? chooseCluster(endpoints, node, record) : [];
  const local = needs.local ? chooseLocal(endpoints, record) : [];
  const any = needs.local ? endpoints.some(isUsable) : cluster.length > 0;
  return { cluster, local, any };
}

function isUsable({ ready, serving, terminating }: Endpoint): boolean {
  return ready || (serving && terminating);
}

function chooseCluster(endpoints: readonly Endpoint[], node: NodeTopology, record: Recorder): Endpoint[] {
  const ready = chooseReady(endpoints, "cluster", record);
  const hint = ready.some((endpoint) => endpoint.ready) ? chooseHint(ready, node) : undefined;
  if (hint === undefined) return ready;
  return ready.filter((endpoint) => {
    const meant = hint.field(endpoint)?.includes(hint.value) ?? false;
    if (!meant) record("cluster", endpoint, hint.reason);
    return meant;
  });
}

function chooseLocal(endpoints: readonly Endpoint[], record: Recorder): Endpoint[] {
  const here = endpoints.filter((endpoint) => {
    if (!endpoint.local) record("local", endpoint, "not-on-this-node");
    return endpoint.local;
  });
  return chooseReady(here, "local", record);
}

/** The ready ones, or else those that still serve. */
function chooseReady(endpoints: readonly Endpoint[], set: "cluster" | "local", record: Recorder): Endpoint[] {
  const anyReady = endpoints.some(({ ready }) => ready);
  return endpoints.filter((endpoint) => {
    const chosen = anyReady ? endpoint.ready : endpoint.serving && endpoint.terminating;
    if (!chosen) record(set, endpoint, isUsable(endpoint) ? "terminating" : "not-ready");
    return chosen;
  });
}

interface Hint {
  field: (endpoint: Endpoint) => readonly string[] | undefined;
  value: string;
  reason: Reason;
}

/** Hints count only when every ready endpoint has one and at least one is meant for this node, or else for this zone. */
function chooseHint(ready: readonly Endpoint[], { nodeName, zone = "" }: NodeTopology): Hint | undefined {
  const hints: Hint[] = [
    { field: ({ nodeHints }) => nodeHints, value: nodeName, reason: "hinted-to-other-nodes" },
    { field: ({ zoneHints }) => zoneHints, value: zone, reason: "hinted-to-other-zones" },
  ];
  return hints.find(
    ({ field, value }) =>
      value !== "" &&
      ready.every((endpoint) => field(endpoint)) &&
      ready.some((endpoint) => field(endpoint)!.includes(value)),
  );
}
