/** What is on disk of one container: written by the agent (spec, verdict) and by its shim (pid, rooted, exit, error). See node-paths.ts. */
import { rm, stat } from "node:fs/promises";
import type { ContainerExit, ContainerSpec } from "./container-spec.ts";
import { readIfThere, readJsonIfThere } from "./files.ts";
import type { NodePaths } from "./node-paths.ts";

/** How the agent wants the end of a container that it brings about itself to be told; survives the agent. */
export type Verdict = Partial<Pick<ContainerExit, "code" | "reason" | "message">> & {
  /** The next run need not wait: nothing was wrong with the program. */
  blameless?: boolean;
};

/** Whether the shim has said all that it says before the program runs. Shims end what they write with a newline. */
export async function hasStarted(paths: NodePaths, { id, launch }: ContainerSpec): Promise<boolean> {
  const complete = async (path: string) => (await readIfThere(path))?.endsWith("\n") ?? false;
  if (!(await complete(paths.pid(id)))) return false;
  return launch.kind === "demo" || (await complete(paths.rooted(id))) || (await complete(paths.exit(id)));
}

/** How it ended, as the shim saw it; undefined while it has not written all of that. */
export async function readExit(paths: NodePaths, id: string): Promise<ContainerExit | undefined> {
  const text = await readIfThere(paths.exit(id));
  if (text === undefined || !text.endsWith("\n")) return undefined;
  const finishedAt = (await stat(paths.exit(id)).catch(() => undefined))?.mtime ?? new Date();
  return { code: Number(text), finishedAt };
}

/** Why its program could not be started; undefined when it could. */
export async function readStartError(paths: NodePaths, id: string): Promise<string | undefined> {
  return (await readIfThere(paths.error(id)))?.trim() || undefined;
}

/** What an earlier life of the agent left of a container. Undefined: it was never really started. */
export async function readLeftContainer(
  paths: NodePaths,
  id: string,
): Promise<{ spec: ContainerSpec; pid: number; startedAt: Date; verdict?: Verdict } | undefined> {
  const spec = await readJsonIfThere<ContainerSpec>(paths.spec(id));
  const pid = Number((await readIfThere(paths.pid(id))) ?? Number.NaN);
  // The agent died before it was started, or its shim before it could say so.
  if (spec === undefined || !Number.isInteger(pid) || pid <= 1) return undefined;
  const verdict = await readJsonIfThere<Verdict>(paths.verdict(id));
  return { spec, pid, startedAt: (await stat(paths.pid(id))).mtime, verdict };
}

/** All of it, with the log. */
export async function removeContainerFiles(paths: NodePaths, id: string): Promise<void> {
  await rm(paths.container(id), { recursive: true, force: true });
  const { pid, exit, error, rooted, verdict, log } = paths;
  for (const file of [pid(id), exit(id), error(id), rooted(id), verdict(id), log(id), `${log(id)}.1`])
    await rm(file, { force: true });
}
