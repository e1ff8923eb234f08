import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { readIfThere } from "./files.ts";
import type { NodePaths } from "./node-paths.ts";
import { runScript } from "./script.ts";

/**
 * The process whose mount namespace is the pattern for those of all containers: the node's own, without the mount point that every Pod's
 * network namespace has there. Copying hundreds of them into each of hundreds of containers would cost the square.
 */
function templateCommand(root: string): string {
  const body = [
    "trap '' HUP INT",
    "umount -R -l /run/netns 2>/dev/null",
    `exec 0<>${root}/idle`,
    `echo $$ >${root}/template.pid`,
    `: ${templateMark}`,
    "while :; do read -r line; done",
  ].join("; ");
  return `unshare --mount --propagation private sh -c '${body.replaceAll("'", "'\\''")}' </dev/null >/dev/null 2>&1 &`;
}

/** Found in the command line of the template process: its id alone could be another process's by now. */
const templateMark = "fairway-template";

/** A busy machine takes seconds for what takes milliseconds; who gives up waits ten more before the next try. Milliseconds. */
const startTimeout = 10_000;
const tryInterval = 5;

/** Process id of the template process; starts one when there is none. `known` is what was returned before. */
export async function ensureTemplate(paths: NodePaths, known?: number): Promise<number> {
  const written = async () => Number((await readIfThere(paths.template)) ?? 0);
  let pid = known ?? (await written());
  if (await isTemplate(pid)) return pid;
  await rm(paths.template, { force: true });
  await runScript(`${templateCommand(paths.root)}\n`);
  const deadline = Date.now() + startTimeout;
  while (Date.now() < deadline) {
    pid = await written();
    if (await isTemplate(pid)) return pid;
    await sleep(tryInterval);
  }
  throw new Error(
    `cannot make the mount namespace that containers start from: unshare did not come up within ${startTimeout} ms`,
  );
}

async function isTemplate(pid: number): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  return ((await readIfThere(`/proc/${pid}/cmdline`)) ?? "").includes(templateMark);
}
