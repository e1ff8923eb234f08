import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { type LogOptions, readLog } from "../pods/log-reader.ts";
import type { PodContainer } from "../pods/pod-container.ts";
import { RequestError, type Target } from "./request.ts";

const maximumReaders = 200;
/** Readers under way, by the node's context: a bound on open files and timers. */
const readers = new WeakMap<Target["context"], { count: number }>();

/** Writes a container's log as plain text; see parseLogOptions for what can be asked. */
export async function serveLogs(
  { context }: Target,
  container: PodContainer,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const { previous, ...options } = parseLogOptions(query, Date.now());
  const { name } = container.spec;
  const run = previous ? container.runs.at(-2) : container.current;
  if (run === undefined && previous) throw new RequestError(400, `previous terminated container "${name}" not found`);
  if (run === undefined) {
    const reason = container.facts().waiting?.reason ?? "ContainerCreating";
    throw new RequestError(400, `container "${name}" is waiting to start: ${reason}`);
  }
  const readersHere = readers.get(context) ?? { count: 0 };
  readers.set(context, readersHere);
  if (readersHere.count >= maximumReaders)
    throw new RequestError(429, `more than ${maximumReaders} readers of logs on this node`);
  readersHere.count += 1;
  const gone = new AbortController();
  const over = new AbortController();
  const ended = () => {
    if (run.exit !== undefined) over.abort();
  };
  const unsubscribe = context.runtime.onExit(ended);
  ended();
  response.on("close", () => gone.abort());
  try {
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
    response.flushHeaders();
    const path = context.runtime.paths.log(run.spec.id);
    for await (const data of readLog(context.logs, path, options, over.signal, gone.signal))
      if (!response.write(data)) await once(response, "drain", { signal: gone.signal });
    response.end();
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    readersHere.count -= 1;
    unsubscribe();
  }
}

/** The query of kubelet's /containerLogs; names and rules are those of core/v1 PodLogOptions. Throws RequestError 400. */
export function parseLogOptions(query: URLSearchParams, now: number): LogOptions & { previous: boolean } {
  const flag = (name: string) => /^(1|t|true)$/i.test(query.get(name) ?? "");
  const count = (name: string, least: number) => {
    const text = query.get(name);
    if (text === null || text === "") return undefined;
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least)
      throw new RequestError(400, `${name}: "${text}" is not an integer of at least ${least}`);
    return value;
  };
  const sinceSeconds = count("sinceSeconds", 1);
  const sinceTime = query.get("sinceTime");
  if (sinceSeconds !== undefined && sinceTime)
    throw new RequestError(400, "at most one of sinceTime or sinceSeconds may be specified");
  const since = sinceSeconds !== undefined ? now - sinceSeconds * 1000 : sinceTime ? Date.parse(sinceTime) : undefined;
  if (Number.isNaN(since)) throw new RequestError(400, `sinceTime: "${sinceTime}" is not an RFC 3339 time`);
  return {
    follow: flag("follow"),
    previous: flag("previous"),
    timestamps: flag("timestamps"),
    tailLines: count("tailLines", 0),
    limitBytes: count("limitBytes", 1),
    since,
  };
}
