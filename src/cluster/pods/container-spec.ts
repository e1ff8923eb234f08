/** All that is needed to run one container once, kept on disk beside it so that a new agent can adopt it. */
export interface ContainerSpec {
  /** Unique on the node, over restarts too. Lower-case hexadecimal. */
  id: string;
  pod: { uid: string; name: string; namespace: string; address: string };
  /** Name in the Pod's spec. */
  name: string;
  init: boolean;
  /** 0 for the first run in this Pod, then one more for each restart. */
  attempt: number;
  /** Milliseconds that this run had to wait for by the restart back-off. */
  restartDelay: number;
  image: string;
  launch:
    | { kind: "process"; argv: string[] }
    /** `dualStack`: it listens on IPv6 too. */
    | { kind: "demo"; program: string; args: string[]; dualStack?: boolean };
  env: Record<string, string>;
  /** Absent: "/". */
  workingDir?: string;
  hostname: string;
  /** Path of the network namespace; absent: the node's own. */
  networkNamespace?: string;
  mounts: ContainerMount[];
  /** Directory with the Pod's hosts, hostname and resolv.conf. */
  etc: string;
  process: ProcessIdentity;
  readOnlyRoot: boolean;
}

export interface ContainerMount {
  /** On the node. */
  source: string;
  /** Absolute, in the container. */
  target: string;
  readOnly: boolean;
  /** Whether the mount point is a file. */
  file: boolean;
}

/** Who the program runs as; what is absent stays as it is for root. */
export interface ProcessIdentity {
  user?: number;
  group?: number;
  supplementaryGroups: number[];
  noNewPrivileges: boolean;
  /** Names without CAP_, lower case; absent: what is left to all containers. */
  capabilities?: string[];
}

/** How a container ended. */
export interface ContainerExit {
  /** 128 + N for signal N, as shells count. */
  code: number;
  finishedAt: Date;
  /** A word for containerStatuses[].state.terminated.reason when it is more than Completed or Error. */
  reason?: string;
  message?: string;
}
