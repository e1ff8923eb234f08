/**
 * The ipvs mode's own work beside the nftables mode's, in the virtual machine of scripts/vm, whose kernel has IPVS: `npm run bench -- ipvs [OPTIONS]`
 * with the options of `bench -- proxy`. The machine's processor is emulated, so its figures compare with each other only.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { OptionError, parseOptions, usage } from "./proxy/options.ts";

const vm = fileURLToPath(new URL("../scripts/vm/vm.js", import.meta.url));
const defaults = ["--parts", "sync", "--modes", "ipvs,nftables", "--sizes", "100x2,1000x2,10000x2", "--changes", "50"];

export async function main(args: string[]): Promise<void> {
  // Of an option that is given twice the last one counts.
  const options = [...defaults, ...args];
  try {
    if (parseOptions(options, {}) === undefined) {
      const own = `The same, in the virtual machine. Without options:\n  npm run bench -- ipvs ${defaults.join(" ")}\n`;
      process.stdout.write(`${own}\n${usage}`);
      return;
    }
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    process.stderr.write(`bench ipvs: ${error.message}; --help tells more\n`);
    process.exitCode = 2;
    return;
  }
  process.stderr.write("starting a virtual machine whose processor is emulated; this takes minutes …\n");
  const command = ["/bin/node", "bench/main.ts", "proxy", ...options];
  const child = spawn(process.execPath, [vm, ...command], { stdio: "inherit" });
  const [code] = await once(child, "exit");
  process.exitCode = code ?? 1;
}
