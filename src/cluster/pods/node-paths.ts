import { join } from "node:path";
import { nodePaths } from "../config.ts";

/** Where the agent of one node keeps what it must find again after its death. All of it is on the node's own /run. */
export type NodePaths = ReturnType<typeof podPaths>;

export function podPaths(root: string) {
  const container = (id: string) => join(root, "containers", id);
  const state = (id: string, what: string) => join(root, "state", `${id}.${what}`);
  return {
    root,
    demoSocket: nodePaths.demoSocket,
    /** FIFO that nobody writes to: reading it is how a shell waits without a child. */
    idle: join(root, "idle"),
    shim: join(root, "shim.sh"),
    /** Holds the mount namespace that containers' own are copied from. */
    template: join(root, "template.pid"),
    addresses: join(root, "addresses.json"),
    pods: join(root, "pods"),
    pod: (uid: string) => join(root, "pods", uid),
    containers: join(root, "containers"),
    container,
    spec: (id: string) => join(container(id), "spec.json"),
    init: (id: string) => join(container(id), "init.sh"),
    lateRoot: (id: string) => join(container(id), "root.sh"),
    scratch: (id: string) => join(container(id), "scratch"),
    /** What shims and containers tell: files ID.pid, ID.exit, ID.error, ID.rooted in one directory, so that one watch sees all. */
    state: join(root, "state"),
    pid: (id: string) => state(id, "pid"),
    exit: (id: string) => state(id, "exit"),
    error: (id: string) => state(id, "error"),
    /** Not empty once the container has its root file system. */
    rooted: (id: string) => state(id, "rooted"),
    /** JSON: how the agent wants the coming end of a container to be told. */
    verdict: (id: string) => state(id, "verdict"),
    logs: join(root, "logs"),
    log: (id: string) => join(root, "logs", `${id}.log`),
  };
}
