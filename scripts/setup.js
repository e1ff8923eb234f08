/**
 * Makes sure that what Fairway needs is there: its npm dependencies as the lockfile names them, and programs of the system. Plain JavaScript for
 * Node 20, without dependencies: it runs before anything is installed. When nothing is missing it costs a few stat calls.
 */
import { spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const modules = join(root, "node_modules");
const lockfile = join(root, "package-lock.json");
/** Says of which lockfile node_modules was made. */
const stamp = join(modules, ".fairway-lock");
const sources = join(root, "src");
/** Of what is built it comes last (build.js). */
const built = join(root, "dist", "main.cjs");
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** kubectl is not needed to run a cluster, but nobody gets far without it. Tests need more. */
export const toolTables = {
  start: { ...readTools(), kubectl: "kubernetes-client" },
  test: {
    ...readTools(),
    kubectl: "kubernetes-client",
    curl: "curl",
    tcpdump: "tcpdump",
    "qemu-system-x86_64": "qemu-system-x86",
    ping: "iputils-ping",
  },
};

function readTools() {
  // In a package only dist/ is there, and nobody sets up anything.
  return JSON.parse(readFileSync(join(root, "src/cluster/supervisor/tools.json"), "utf8"));
}

/** A problem that the person has to solve; the message says how. */
export class SetupError extends Error {}

/**
 * Returns what Node is to run: dist/main.cjs, or the sources' entry when that cannot be built.
 * @param {Record<string, string>} tools program → Debian package
 * @param {(message: string) => void} say
 */
export function setup(tools, say = (message) => process.stderr.write(`${message}\n`)) {
  // A program started with an empty environment still has to find the system's.
  process.env.PATH ||= defaultPath;
  installDependencies(say);
  const isThere = isBuilt() || build(say);
  installTools(tools, say);
  return isThere ? built : join(sources, "main.ts");
}

/** Whether dist/ is as new as what it is made of; bin/fairway asks the same. `find` does it in a third of the time that Node takes for it. */
export function isBuilt() {
  const newer = ["-newer", built, "-print", "-quit"];
  const { status, stdout } = spawnSync("find", [sources, lockfile, ...newer], { stdio: ["ignore", "pipe", "ignore"] });
  return status === 0 && stdout.length === 0;
}

function build(say) {
  const { status } = spawnSync(pinnedNode(), [join(root, "scripts/build.js")], { stdio: ["ignore", "ignore", 2] });
  if (status !== 0) say("dist/ cannot be built (see above): everything runs from the sources, which takes longer");
  return status === 0;
}

/** The Node that Fairway is pinned to; undefined for a machine that it has none for. */
export function pinnedNode() {
  const path = join(modules, `node-linux-${process.arch}`, "bin/node");
  return existsSync(path) ? path : undefined;
}

/** Whether this process runs on it: `npm` puts it first in the PATH of scripts once it is installed. */
export function onPinnedNode() {
  const path = pinnedNode();
  return path !== undefined && realpathSync(path) === realpathSync(process.execPath);
}

function installDependencies(say) {
  const { mtimeMs, size } = statSync(lockfile);
  const quick = `${mtimeMs} ${size}`;
  const [knownQuick, knownHash] = existsSync(stamp) ? readFileSync(stamp, "utf8").split("\n") : [];
  if (knownQuick === quick) return;
  // Loading it takes longer than all that is asked when nothing is missing.
  const { createHash } = createRequire(import.meta.url)("node:crypto");
  const hash = createHash("sha256").update(readFileSync(lockfile)).digest("hex");
  if (knownHash !== hash) {
    // npm ci empties the directory first, and would empty it for everybody who shares it.
    if (existsSync(modules) && realpathSync(modules) !== modules)
      throw new SetupError(
        `node_modules is a link to ${realpathSync(modules)}, made of another package-lock.json; remove the link, or run npm ci there`,
      );
    say("Installing npm dependencies (once; install scripts stay blocked) …");
    // A run that was interrupted must not look like a complete one.
    rmSync(stamp, { force: true });
    const options = ["ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    const { status, error } = spawnSync("npm", options, { cwd: root, stdio: ["ignore", 2, 2] });
    if (error) throw new SetupError(`npm cannot be run (${error.message}): install npm, the package manager of Node`);
    if (status !== 0) throw new SetupError(`npm ci failed (exit status ${status}); see above`);
    if (pinnedNode() === undefined)
      throw new SetupError(
        `there is no pinned Node for this machine (linux on x64 or arm64 is needed, this is ${process.platform} on ${process.arch})`,
      );
  }
  writeFileSync(stamp, `${quick}\n${hash}\n`);
}

/** @param {Record<string, string>} tools */
export function missingTools(tools, path = process.env.PATH || defaultPath) {
  const directories = path.split(delimiter).filter(Boolean);
  const found = (tool) =>
    directories.some((directory) => {
      try {
        accessSync(join(directory, tool), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  return Object.keys(tools).filter((tool) => !found(tool));
}

function installTools(tools, say) {
  const missing = missingTools(tools);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((tool) => tools[tool]))];
  const named = missing.map((tool) => `${tool} (package ${tools[tool]})`).join(", ");
  const byHand = `missing programs: ${named}.\nInstall them: apt-get install ${packages.join(" ")}`;
  if (missingTools({ "apt-get": "apt" }).length > 0 || process.getuid() !== 0) throw new SetupError(byHand);
  say(`Installing system packages: ${packages.join(" ")} …`);
  const install = ["install", "--yes", "--no-install-recommends", ...packages];
  // The package lists of a fresh machine may be missing, or too old for what the mirror has by now.
  const updated = !havePackageLists() && apt(["update"]);
  const installed = apt(install) || (!updated && apt(["update"]) && apt(install));
  if (!installed) throw new SetupError(`apt-get failed, see above; ${byHand}`);
  const still = missingTools(tools);
  if (still.length > 0) throw new SetupError(`still missing after the installation: ${still.join(", ")}`);
}

function havePackageLists() {
  try {
    return readdirSync("/var/lib/apt/lists").some((name) => /_Packages(\.|$)/.test(name));
  } catch {
    return false;
  }
}

function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync("apt-get", ["--quiet", ...args], { stdio: ["ignore", 2, 2], env }).status === 0;
}
