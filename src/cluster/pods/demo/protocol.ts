/**
 * What the node agent and the node's demo server say to each other over the unix socket nodePaths.demoSocket: one JSON value a line, both ways.
 * The agent is the only client; a new connection replaces the one before. When the connection closes the demo server keeps serving (an agent's
 * death costs no flow); a new agent sends `sync` first, and what is not in it is stopped. A new demo server gets what the dead one served
 * by `start` again, with the sockets that the agent has copies of.
 */
export type DemoRequest =
  | { op: "sync"; id: number; keep: string[] }
  | {
      op: "start";
      id: number;
      container: DemoContainer /** Open already: in the order of an earlier answer. */;
      sockets?: Sockets;
    }
  /** Answered when nothing of the container is open any more. Stopping what does not run is no error. */
  | {
      op: "stop";
      id: number;
      container: string /** For answers under way, in milliseconds; 2,000 when absent. */;
      grace?: number;
    };

/** Where sockets are: descriptors of a process on the same node. */
export interface Sockets {
  pid: number;
  descriptors: number[];
}

/** One running demo container: a program inside the demo server, with sockets opened in the Pod's network namespace. */
export interface DemoContainer {
  /** Container id, unique on the node. */
  id: string;
  /** Name of the program: a key of the demo programs table, such as "echo", "nginx", "whoami". */
  program: string;
  args: string[];
  env: Record<string, string>;
  /** Path of the Pod's network namespace, such as /proc/123/ns/net. */
  networkNamespace: string;
  /** Its ports are open on :: as well as on 0.0.0.0. */
  dualStack?: boolean;
  /** Appended to, plain lines as a container's stdout would be. Past 1 MiB it is renamed to `${logFile}.1` and begun anew. */
  logFile: string;
  /** Told to the client by the echo program. */
  pod: { name: string; namespace: string; ip: string; node: string; container: string };
}

/**
 * An answer to the request of that id. ok means that the container's ports listen; an error is what a container that exits at once would
 * have written (it is in the log file too). `sockets` answers a start, `running` a sync: what goes on, with its sockets.
 */
export type DemoReply =
  | { id: number; ok: true; sockets?: Sockets; running?: Record<string, Sockets> }
  | { id: number; ok: false; error: string };

/** A container that ended by itself. Sent when it happens; when no agent was there, before the answer to the next sync that keeps it. */
export interface DemoExit {
  event: "exited";
  container: string;
  code: number;
}

export type DemoMessage = DemoReply | DemoExit;
