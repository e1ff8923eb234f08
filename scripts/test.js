// npm test: everything that CI runs, tier by tier. Plain JavaScript for any Node from 20 on; the tiers run with the pinned Node.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { insideHost } from "./host.js";
import { setup, toolTables } from "./setup.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "node_modules", ".bin");
const inCI = process.env.CI === "true";

/** Runs a program to its end; true when it left with status 0. */
function passes(program, args, options = {}) {
  return spawnSync(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], ...options }).status === 0;
}

/** Why packets cannot be sent here, or undefined. */
function noNamespaces() {
  if (process.getuid?.() !== 0) return "needs root (network namespaces)";
  const tried = spawnSync("unshare", ["--net", "--mount", "true"], { encoding: "utf8" });
  return tried.status === 0 ? undefined : `unshare --net --mount: ${tried.stderr?.trim() || tried.error?.message}`;
}

/** Debian's own kubectl is an old one; what is promised for it is tested with it. Unpacked, not installed. */
function unpackDebianKubectl() {
  const directory = join(root, ".cache", "kubectl-debian");
  if (existsSync(join(directory, "usr", "bin", "kubectl"))) return;
  mkdirSync(directory, { recursive: true });
  const script =
    "(apt-get download -q kubernetes-client || (apt-get update -qq && apt-get download -q kubernetes-client)) && dpkg -x kubernetes-client_*.deb .";
  if (!passes("sh", ["-c", script], { cwd: directory })) {
    process.stdout.write("e2e: apt cannot bring Debian's kubectl; only the installed one is tested\n");
  }
}

const tiers = [
  {
    name: "lint",
    does: "Biome: style, mistakes, import cycles",
    run: () => passes(join(bin, "biome"), ["check", "--error-on-warnings"]),
  },
  { name: "types", does: "TypeScript, strict", run: () => passes(join(bin, "tsc"), ["--noEmit"]) },
  {
    name: "unit",
    does: "tests beside the code",
    run: (files) => {
      // A process for each file, most of whose CPU is to strip types and to compile: kept, a third of it is spared.
      const env = { ...process.env, NODE_COMPILE_CACHE: join(root, ".cache", "compile") };
      // Node leaves one core idle by itself, which is half of two.
      const patterns = files.length ? files : ["src/**/*.test.ts"];
      return passes(join(bin, "node"), ["--test", `--test-concurrency=${availableParallelism() + 1}`, ...patterns], {
        env,
      });
    },
  },
  {
    name: "e2e",
    does: "real clusters, kubectl and packets between network namespaces",
    cannot: noNamespaces,
    run: (files) => {
      unpackDebianKubectl();
      // Forced exit: Node 26.10 can spin for ever while it frees a process that has used hundreds of sockets (in CleanupHandles).
      const command = [join(bin, "node"), "--test", "--test-force-exit", "--test-concurrency=2"];
      if (files.length > 0) return passes(...insideHost(command[0], [...command.slice(1), ...files]));
      // One file waits for most of two minutes. It has them beside the others, and its output after theirs.
      const script = `output=$(mktemp)
        "$@" 'test/proxy-outage.test.ts' >"$output" 2>&1 &
        "$@" 'test/!(proxy-outage).test.ts'
        others=$?
        wait "$!"
        outage=$?
        cat "$output"
        rm "$output"
        exit $((others | outage))`;
      return passes(...insideHost("sh", ["-c", script, "sh", ...command]));
    },
  },
  {
    name: "vm",
    does: "IPVS with Debian's kernel in a virtual machine",
    cannot: () => (process.arch === "x64" ? undefined : "needs a machine with Debian's amd64 kernel"),
    run: (files) => {
      const patterns = files.length ? files : ["test/vm/*.test.ts"];
      const command = ["/bin/node", "scripts/vm/tests.js", ...patterns];
      return passes(join(bin, "node"), [join(root, "scripts", "vm", "vm.js"), ...command]);
    },
  },
  {
    name: "fresh",
    does: "fresh clone, empty environment and npm cache, install scripts blocked: npm start, and the package, answer",
    cannot: () => noNamespaces() ?? (existsSync(join(root, ".git")) ? undefined : "needs a git checkout to clone"),
    run: () => {
      const directory = mkdtempSync(join(tmpdir(), "fairway-fresh-"));
      try {
        return passes("sh", [join(root, "test", "fresh-clone.sh"), root, directory]);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  },
];

function usage() {
  const lines = tiers.map(({ name, does }) => `  ${name.padEnd(6)} ${does}`).join("\n");
  return `Usage: npm test [-- --only TIER [FILE…]]\n\nTiers, in this order:\n${lines}\n`;
}

const args = process.argv.slice(2);
if (args.includes("--help")) {
  process.stdout.write(usage());
  process.exit(0);
}
const only = args[0] === "--only" ? args[1] : undefined;
if (args.length > 0 && !tiers.some(({ name }) => name === only)) {
  process.stderr.write(`npm test: cannot read "${args.join(" ")}"\n${usage()}`);
  process.exit(2);
}

setup(toolTables.test);

const results = [];
for (const tier of tiers.filter(({ name }) => only === undefined || name === only)) {
  const reason = tier.cannot?.();
  if (reason !== undefined) {
    process.stdout.write(`${tier.name}: cannot run here: ${reason}\n`);
    results.push({ name: tier.name, result: inCI ? "FAILED (CI must run every tier)" : "skipped", seconds: 0 });
    continue;
  }
  const begin = Date.now();
  const passed = tier.run(args.slice(2));
  results.push({ name: tier.name, result: passed ? "passed" : "FAILED", seconds: (Date.now() - begin) / 1000 });
  if (!passed && (tier.name === "lint" || tier.name === "types")) break;
}

for (const { name, result, seconds } of results) {
  process.stdout.write(`${name.padEnd(6)} ${result}${seconds ? `  ${seconds.toFixed(1)} s` : ""}\n`);
}
process.exitCode = results.some(({ result }) => result.startsWith("FAILED")) ? 1 : 0;
