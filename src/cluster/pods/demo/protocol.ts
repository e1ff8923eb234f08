/**
 * What the node agent and the node's demo server say to each other over the unix socket nodePaths.demoSocket: one JSON value a line, both ways.
 * The agent is the only client. When the connection closes the demo server keeps serving (an agent's death costs no flow); a new agent sends
 * `sync` first, and what is not in it is stopped.
 */
export type DemoRequest =
  | { op: "sync"; id: number; keep: string[] }
  | { op: "start"; id: number; container: DemoContainer }
  | { op: "stop"; id: number; container: string };

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
  /** Appended to, plain lines as a container's stdout would be. */
  logFile: string;
  /** Told to the client by the echo program. */
  pod: { name: string; namespace: string; ip: string; node: string; container: string };
}

/** `listening` ports let the agent know the container runs; an error is what a container that exits at once would have written. */
export type DemoReply = { id: number; ok: true; running?: string[] } | { id: number; ok: false; error: string };
