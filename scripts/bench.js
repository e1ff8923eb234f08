// npm run bench -- NAME: measures in a make-believe host of its own. Plain JavaScript; the benchmark runs with the pinned Node.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { insideHost } from "./host.js";
import { setup, toolTables } from "./setup.js";
import { unpackPackages } from "./vm/packages.js";

const root = fileURLToPath(new URL("..", import.meta.url));
if (process.getuid?.() !== 0) {
  process.stderr.write("npm run bench: needs root (network namespaces)\n");
  process.exit(1);
}
// For benchmarks of processes (bench/proxy/cluster.ts).
process.env.FAIRWAY_BENCH_PROGRAM = setup(toolTables.test);
// In the host that is made below there is no network to fetch its kernel by.
if (process.argv[2] === "ipvs" && !process.argv.includes("--help")) unpackPackages(join(root, ".cache", "vm"));
const [program, args] = insideHost(join(root, "node_modules", ".bin", "node"), [
  join(root, "bench", "main.ts"),
  ...process.argv.slice(2),
]);
process.exitCode = spawnSync(program, args, { cwd: root, stdio: "inherit" }).status ?? 1;
