/** One look at a container: what probes and lifecycle hooks do. */
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import type { Container, Probe } from "../../kubernetes/types.ts";
import { http } from "../../role/http.ts";
import { portOf } from "./probe-state.ts";

export type Action = Pick<Probe, "httpGet" | "tcpSocket" | "exec" | "grpc">;

export interface ActionContext {
  /** The Pod's address. */
  host: string;
  container: Container;
  /** Runs a command in the container: exit status and the beginning of its output. */
  exec: (argv: string[], timeout: number) => Promise<{ code: number; output: string }>;
}

export interface ActionResult {
  success: boolean;
  /** In kubelet's words, for the Unhealthy event. */
  message: string;
}

const longestMessage = 1024;

/** Never rejects: what goes wrong is a failure. `timeout` in milliseconds. */
export async function act(action: Action, context: ActionContext, timeout: number): Promise<ActionResult> {
  try {
    if (action.httpGet) return await get(action.httpGet, context, timeout);
    if (action.tcpSocket)
      return await open(
        action.tcpSocket.host || context.host,
        portOf(action.tcpSocket.port, context.container.ports),
        timeout,
      );
    if (action.exec) {
      const { code, output } = await context.exec(action.exec.command ?? [], timeout);
      return { success: code === 0, message: output.slice(0, longestMessage) };
    }
    return { success: false, message: "this node knows no such kind of probe" };
  } catch (error) {
    return { success: false, message: (error as Error).message.slice(0, longestMessage) };
  }
}

type HttpGet = NonNullable<Probe["httpGet"]>;

function get(
  { scheme, host, port, path, httpHeaders }: HttpGet,
  context: ActionContext,
  timeout: number,
): Promise<ActionResult> {
  const secure = scheme === "HTTPS";
  const target = {
    host: host || context.host,
    port: portOf(port as string | number, context.container.ports),
    path: encodeURI(decodeSafely(path?.startsWith("/") ? path : `/${path ?? ""}`)),
  };
  const url = `${secure ? "https" : "http"}://${target.host}:${target.port}${target.path}`;
  const headers: Record<string, string> = { "user-agent": "kube-probe/1.36", accept: "*/*", connection: "close" };
  for (const { name, value } of httpHeaders ?? []) headers[name.toLowerCase()] = value;
  return new Promise((resolve) => {
    const failed = (why: string) => resolve({ success: false, message: `Get ${JSON.stringify(url)}: ${why}` });
    const start = secure ? httpsRequest : http.request;
    // Kubernetes does not check the certificate of a probed container.
    const outgoing = start({ ...target, headers, agent: false, rejectUnauthorized: false });
    const timer = setTimeout(() => {
      failed("context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
      outgoing.destroy();
    }, timeout);
    outgoing.on("error", (error) => failed(error.message));
    outgoing.on("close", () => clearTimeout(timer));
    outgoing.on("response", (response) => {
      const status = response.statusCode ?? 0;
      const success = status >= 200 && status < 400;
      resolve({ success, message: success ? "" : `HTTP probe failed with statuscode: ${status}` });
      response.destroy();
    });
    outgoing.end();
  });
}

/** A path may be percent-encoded already. */
function decodeSafely(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

function open(host: string, port: number, timeout: number): Promise<ActionResult> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (success: boolean, why = "") => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ success, message: success ? "" : `dial tcp ${host}:${port}: ${why}` });
    };
    const timer = setTimeout(() => end(false, "i/o timeout"), timeout);
    socket.on("connect", () => end(true));
    socket.on("error", (error) => end(false, error.message));
  });
}
