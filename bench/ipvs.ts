/**
 * The ipvs mode's own work beside the other kernel modes', in the virtual machine of scripts/vm, whose kernel has IPVS: `npm run bench -- ipvs [OPTIONS]`
 * with the options of `bench -- proxy`. The machine's processor is emulated, so its figures compare with each other only.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const vm = fileURLToPath(new URL("../scripts/vm/vm.js", import.meta.url));
const defaults = [
  "--parts",
  "sync",
  "--modes",
  "ipvs,nftables,iptables",
  "--sizes",
  "100x2,1000x2,5000x2",
  "--changes",
  "50",
];

export async function main(args: string[]): Promise<void> {
  // Of an option that is given twice the last one counts.
  const command = ["/bin/node", "bench/main.ts", "proxy", ...defaults, ...args];
  const child = spawn(process.execPath, [vm, ...command], { stdio: "inherit" });
  const [code] = await once(child, "exit");
  process.exitCode = code ?? 1;
}
