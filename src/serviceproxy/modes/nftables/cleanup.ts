import { CommandError, run } from "../../../linux/command.ts";

/** Of this mode; the name is schema.ts's, which those who only clean up need not load. */
export const tableName = "fairway-proxy";
/** kube-proxy's own nftables mode: what it left would go on translating. */
const kubeProxyTable = "kube-proxy";

/** Removes the tables of nftables modes, of earlier runs and of kube-proxy; `own` false spares this mode's. */
export async function cleanupNftables({ own }: { own: boolean }): Promise<void> {
  const wanted = [kubeProxyTable, ...(own ? [tableName] : [])];
  let listed: string;
  try {
    listed = await run("nft", ["list", "tables"]);
  } catch (error) {
    // Without the program nobody can have used the mode.
    if (error instanceof CommandError && (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT") return;
    throw error;
  }
  const present = listed.split("\n").filter((line) => wanted.includes(line.split(" ")[2] ?? ""));
  if (present.length > 0) await run("nft", ["-f", "-"], { input: present.map((line) => `delete ${line}\n`).join("") });
}
