import { rm } from "node:fs/promises";
import { readIfThere } from "./files.ts";
import type { NodePaths } from "./node-paths.ts";
import { runScript } from "./script.ts";

/**
 * The process whose mount namespace is the pattern for those of all containers: the node's own, without the mount point that every Pod's
 * network namespace has there. Copying hundreds of them into each of hundreds of containers would cost the square.
 */
function templateScript({ root, idle }: NodePaths): string {
  const body = [
    "trap '' HUP INT",
    "umount -R -l /run/netns 2>/dev/null",
    `exec 0<>${idle}`,
    `echo $$ >${root}/template.pid`,
    `: ${templateMark}`,
    // Whoever reads these waits for the end of them.
    "exec >/dev/null 2>&1",
    "while :; do read -r line; done",
  ].join("; ");
  // Without a FIFO there, the shells that wait for input would make a file, find its end, and go round as fast as they can.
  return `exec 2>&1
[ -p ${idle} ] || mkfifo -m 600 ${idle} || exit
unshare --mount --propagation private sh -c '${body.replaceAll("'", "'\\''")}' </dev/null &
`;
}

/** Found in the command line of the template process: its id alone could be another process's by now. */
const templateMark = "fairway-template";

/** A busy machine takes seconds for what takes milliseconds. Milliseconds. */
const startTimeout = 10_000;

/**
 * Process id of the template process; starts one when there is none, and makes the FIFO that idle shells wait at. `known` is what was returned
 * before. Rejects with what the programs said when it does not come up.
 */
export async function ensureTemplate(paths: NodePaths, known?: number): Promise<number> {
  const written = async () => Number((await readIfThere(paths.template)) ?? 0);
  const before = known ?? (await written());
  if (await isTemplate(before)) return before;
  await rm(paths.template, { force: true });
  const output = await runScript(templateScript(paths), startTimeout);
  const pid = await written();
  if (await isTemplate(pid)) return pid;
  const why = output.trim() || `unshare did not come up within ${startTimeout} ms`;
  throw new Error(`cannot make the mount namespace that containers start from: ${why}`);
}

async function isTemplate(pid: number): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  return ((await readIfThere(`/proc/${pid}/cmdline`)) ?? "").includes(templateMark);
}
