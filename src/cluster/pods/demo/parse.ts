import { isAbsolute } from "node:path";
import type { DemoContainer, DemoRequest, Sockets } from "./protocol.ts";

/** A line that is no request. `id` when the line had one, to answer it. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly id: number | undefined;
  constructor(message: string, id?: number) {
    super(message);
    this.id = id;
  }
}

/** Checks one line of the control socket completely; throws ProtocolError that names the field. */
export function parseRequest(line: string): DemoRequest {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new ProtocolError("not a JSON value");
  }
  if (!isObject(value)) throw new ProtocolError("not a JSON object");
  const { id, op } = value;
  if (!Number.isSafeInteger(id)) throw new ProtocolError("id: must be an integer");
  const request = id as number;
  try {
    if (op === "sync") return { op, id: request, keep: strings(value.keep, "keep", 10_000) };
    if (op === "start") {
      const container = parseContainer(value.container);
      return value.sockets === undefined
        ? { op, id: request, container }
        : { op, id: request, container, sockets: parseSockets(value.sockets) };
    }
    if (op === "stop") {
      const grace = value.grace;
      if (grace !== undefined && !(typeof grace === "number" && grace >= 0 && grace <= 3_600_000)) {
        throw new ProtocolError("grace: must be milliseconds up to an hour");
      }
      return { op, id: request, container: string(value.container, "container"), grace };
    }
    throw new ProtocolError("op: must be sync, start or stop");
  } catch (error) {
    throw error instanceof ProtocolError ? new ProtocolError(error.message, request) : error;
  }
}

function parseContainer(value: unknown): DemoContainer {
  if (!isObject(value)) throw new ProtocolError("container: must be an object");
  const { pod, env } = value;
  if (!isObject(pod)) throw new ProtocolError("container.pod: must be an object");
  if (!isObject(env)) throw new ProtocolError("container.env: must be an object");
  return {
    id: string(value.id, "container.id"),
    program: string(value.program, "container.program"),
    args: strings(value.args, "container.args", 1000),
    env: Object.fromEntries(Object.entries(env).map(([name, text]) => [name, string(text, `container.env.${name}`)])),
    networkNamespace: path(value.networkNamespace, "container.networkNamespace"),
    dualStack: value.dualStack === true,
    logFile: path(value.logFile, "container.logFile"),
    pod: {
      name: string(pod.name, "container.pod.name"),
      namespace: string(pod.namespace, "container.pod.namespace"),
      ip: string(pod.ip, "container.pod.ip"),
      node: string(pod.node, "container.pod.node"),
      container: string(pod.container, "container.pod.container"),
    },
  };
}

function parseSockets(value: unknown): Sockets {
  const isNumber = (one: unknown) => Number.isSafeInteger(one) && (one as number) >= 0;
  if (!isObject(value) || !isNumber(value.pid)) throw new ProtocolError("sockets.pid: must be a process id");
  const { pid, descriptors } = value;
  if (!Array.isArray(descriptors) || descriptors.length > 1000 || !descriptors.every(isNumber))
    throw new ProtocolError("sockets.descriptors: must be a list of at most 1000 descriptors");
  return { pid: pid as number, descriptors };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function string(value: unknown, field: string): string {
  if (typeof value !== "string") throw new ProtocolError(`${field}: must be a string`);
  return value;
}

function path(value: unknown, field: string): string {
  const text = string(value, field);
  if (!isAbsolute(text) || text.includes("\0")) throw new ProtocolError(`${field}: must be an absolute path`);
  return text;
}

function strings(value: unknown, field: string, limit: number): string[] {
  if (!Array.isArray(value) || value.length > limit)
    throw new ProtocolError(`${field}: must be a list of at most ${limit} strings`);
  return value.map((item, index) => string(item, `${field}[${index}]`));
}
