/**
 * What the command line and a running supervisor say to each other over hostPaths.control: one JSON line each way, then the connection
 * closes. The socket is its owner's only; requests are checked all the same.
 */
import type { IPv6Ranges } from "../config.ts";
import type { PartStatus } from "./part.ts";

export type ControlRequest =
  | { op: "status"; memory?: boolean }
  /** Answers when the boot is over; `summary` is what the cluster looks like then. */
  | { op: "ready" }
  /** Answers when the stop has begun; the connection closes when the supervisor is gone. */
  | { op: "down" }
  | { op: "node-add"; name?: string; proxyMode?: string }
  /** Answers with a ModeChange when the node's proxy serves in that mode; without a name it is for nodes that are added later. */
  | { op: "node-proxy-mode"; name?: string; mode: string }
  | { op: "node-remove" | "node-start" | "node-stop"; name: string };

export type ControlReply<T = unknown> = { ok: true; result: T } | { ok: false; error: string };

export interface MachineStatus {
  name: string;
  address: string;
  /** Of a dual-stack cluster. */
  ipv6?: string;
  state: "running" | "starting" | "stopped";
  /** Of its init, in the world's process namespace: what `node exec` enters. */
  pid?: number;
  /** How often its init died and was made again. */
  restarts: number;
  parts: PartStatus[];
  /** Of a node: how its proxy serves Services. */
  proxyMode?: string;
}

export interface ModeChange {
  node: string;
  from: string;
  to: string;
  /** False for a node that is stopped: its proxy starts in that mode. */
  running: boolean;
}

export interface WorldStatus {
  name: string;
  state: "starting" | "running" | "stopping";
  /** RFC 3339. */
  started: string;
  kubeconfig: string;
  nodeCIDR: string;
  podCIDR: string;
  serviceCIDR: string;
  /** Of a dual-stack cluster. */
  ipv6?: IPv6Ranges;
  server: string;
  controlPlane?: MachineStatus;
  nodes: MachineStatus[];
  memory?: MemoryStatus;
}

/** Proportional set sizes (each shared page is divided among those who share it) in kB of all processes of the world. */
export interface MemoryStatus {
  total: number;
  processes: number;
  /** By role ("agent": all agents together); "other" is init processes and containers. */
  roles: Record<string, number>;
}

/** hostPaths.info: how to find the world from outside. */
export interface SupervisorInfo {
  name: string;
  /** Process id of the world's init on the host. */
  pid: number;
  /** Its process namespace ("pid:[4026532281]"): a process id that was used again is told apart by it. */
  namespace: string;
  nodeCIDR: string;
}

const nodeOperations: readonly string[] = ["node-remove", "node-start", "node-stop"];

/** Throws with what is wrong when the line is no request. */
export function parseRequest(line: string): ControlRequest {
  const value: unknown = JSON.parse(line);
  if (typeof value !== "object" || value === null || !("op" in value))
    throw new Error("a request is an object with `op`");
  const { op, memory, ...words } = value as Record<string, unknown>;
  const [text, mode, proxyMode] = [words.name, words.mode, words.proxyMode].map((word) => {
    if (word === undefined || typeof word === "string") return word;
    throw new Error("the name of a node or a mode is a string");
  });
  if (op === "status") return { op, memory: memory === true };
  if (op === "ready" || op === "down") return { op };
  if (op === "node-add") return { op, name: text, proxyMode };
  if (op === "node-proxy-mode" && mode !== undefined) return { op, name: text, mode };
  if (typeof op === "string" && nodeOperations.includes(op) && text !== undefined)
    return { op: op as "node-start", name: text };
  throw new Error(`unknown request "${String(op)}", or one that lacks what it is about`);
}
