/** The words of the remote command protocol (v4 and v5.channel.k8s.io; KEP-4006). Pure. */
import type { Status } from "../../kubernetes/types.ts";
import { RequestError } from "./request.ts";

/** The first byte of each message. `close` (v5) is followed by the number of the stream that ends. */
export const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

export interface ExecOptions {
  command: string[];
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

/** Kubelet's own query says input, output and error; that of the Pod's exec subresource stdin, stdout and stderr. Both are read. */
export function parseExec(query: URLSearchParams): ExecOptions {
  const flag = (...names: string[]) => names.some((name) => /^(1|t|true)$/i.test(query.get(name) ?? ""));
  const command = query.getAll("command");
  if (command.length === 0 || command[0] === "") throw new RequestError(400, "you must specify at least 1 command");
  if (command.some((word) => word.includes("\0"))) throw new RequestError(400, "a command cannot hold NUL");
  const tty = flag("tty");
  const options = {
    command,
    tty,
    stdin: flag("stdin", "input"),
    stdout: flag("stdout", "output"),
    stderr: flag("stderr", "error") && !tty,
  };
  if (!options.stdin && !options.stdout && !options.stderr)
    throw new RequestError(400, "you must specify at least 1 of stdin, stdout, stderr");
  return options;
}

/** The message of the resize channel: {"Width": columns, "Height": rows}. Undefined for what is none. */
export function parseResize(data: Uint8Array): { columns: number; rows: number } | undefined {
  try {
    const { Width, Height } = JSON.parse(Buffer.from(data).toString()) as { Width: unknown; Height: unknown };
    const fits = (value: unknown): value is number =>
      Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xffff;
    return fits(Width) && fits(Height) ? { columns: Width, rows: Height } : undefined;
  } catch {
    return undefined;
  }
}

export function exitStatus(code: number): Status {
  if (code === 0) return { apiVersion: "v1", kind: "Status", metadata: {}, status: "Success" };
  return {
    apiVersion: "v1",
    kind: "Status",
    metadata: {},
    status: "Failure",
    reason: "NonZeroExitCode",
    message: `command terminated with non-zero exit code: exit status ${code}`,
    details: { causes: [{ reason: "ExitCode", message: String(code) }] },
  };
}

export function failureStatus(message: string): Status {
  return {
    apiVersion: "v1",
    kind: "Status",
    metadata: {},
    status: "Failure",
    reason: "InternalError",
    code: 500,
    message,
  };
}
