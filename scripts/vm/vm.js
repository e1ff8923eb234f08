// Runs test files as root in a virtual machine with Debian's kernel, for what the host's kernel may not have (IPVS). README.md tells more.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { compiledSources } from "./compiled.js";
import { buildImage } from "./image.js";
import { unpackPackages } from "./packages.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const status = /^vm: exit status (\d+)$/;
/** Words by which the kernel tells that a program or it itself was at fault, or that memory was out. */
const fault =
  /fatal signal|Comm:|traps:|segfault|general protection|invalid opcode|BUG|Oops|WARNING|Call Trace|RIP:|Kernel panic|[Oo]ut of memory|oom|Killed process|soft lockup|rcu.*stall|hung_task|blocked for more/;

/** Fatal signals are told: Node raises those anew that it was given, and of these the kernel says nothing by itself. */
const kernelOptions = "console=ttyS0 panic=-1 mitigations=off random.trust_cpu=on print-fatal-signals=1";

/** The first process: mounts, loads, runs the command, tells its exit status, and switches the machine off. */
function initScript(command) {
  const words = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  return `#!/bin/sh
export PATH=/bin HOME=/root TMPDIR=/tmp LD_LIBRARY_PATH=/lib
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec </dev/null >/dev/ttyS1 2>&1
ip link set lo up
cd /fairway
export FAIRWAY_TEST_VM=1 FAIRWAY_PATIENCE=6 NODE_COMPILE_CACHE=/fairway/${compiledSources} NODE_COMPILE_CACHE_PORTABLE=1 NO_COLOR=1
${words}
echo "vm: exit status $?"
sleep 0.2
poweroff -f
`;
}

/**
 * Boots, runs a command in the checkout's copy, and ends. Its output goes to stdout as it comes.
 * @param {{ node: string, command: string[], seconds: number }} options node: the Node to take along; seconds: until the machine is killed
 * @returns {Promise<boolean>} whether the command left with status 0
 */
export async function runInVm({ node, command, seconds }) {
  const unpacked = join(root, ".cache", "vm");
  const version = unpackPackages(unpacked);
  const directory = mkdtempSync(join(tmpdir(), "fairway-vm-"));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  process.once("exit", remove);
  // Without a listener a signal ends the process with the machine still running.
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  try {
    const initrd = join(directory, "initrd");
    buildImage({ file: initrd, root, unpacked, version, node, init: initScript(command) });
    const console = join(directory, "console");
    const machine = [
      // Without protection keys, by which V8 would guard its code in this processor: one thing less that is emulated.
      ...["-machine", "q35", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max,pku=off", "-smp", "2"],
      // The root file system is in it too.
      ...["-m", "3072"],
      ...["-nodefaults", "-display", "none", "-no-reboot", "-nic", "none"],
      ...["-serial", `file:${console}`, "-serial", "stdio"],
      ...["-kernel", join(unpacked, "boot", `vmlinuz-${version}`), "-initrd", initrd],
      // On a busy host the timer's interrupts come late, and the kernel would call the timer broken and panic.
      ...["-append", `${kernelOptions} tsc=reliable no_timer_check`],
    ];
    const left = await runQemu(machine, seconds);
    const words = readFileSync(console, "utf8").split(/\r?\n/);
    if (left === undefined)
      say(`it ended before the command did (at most ${seconds} s); its console:`, words.slice(-30));
    else if (left !== "0") say(`the command left with status ${left}`, []);
    const faults = words.filter((line) => fault.test(line)).slice(-60);
    if (left !== "0")
      say(`what its kernel said of faults and of memory: ${faults.length === 0 ? "nothing" : ""}`, faults);
    return left === "0";
  } finally {
    process.off("exit", remove);
    remove();
  }
}

/** Hands on what the command writes; resolves to its exit status, undefined when the machine ended before it. */
async function runQemu(args, seconds) {
  const child = spawn("qemu-system-x86_64", args, { stdio: ["ignore", "pipe", "inherit"] });
  const stop = () => child.kill("SIGKILL");
  const timer = setTimeout(stop, seconds * 1000);
  process.once("exit", stop);
  try {
    await once(child, "spawn");
    let left;
    for await (const line of createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY })) {
      left ??= status.exec(line)?.[1];
      if (left === undefined) process.stdout.write(`${line}\n`);
    }
    return left;
  } finally {
    clearTimeout(timer);
    process.off("exit", stop);
  }
}

/** To people: what the command writes may be for a program. */
function say(text, lines) {
  process.stderr.write(`${[`vm: ${text}`, ...lines].join("\n")}\n`);
}

/** Many times what it takes: a machine that is shared with others may be that slow. */
const patience = 900;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const passed = await runInVm({ node: process.execPath, command: process.argv.slice(2), seconds: patience });
  process.exitCode = passed ? 0 : 1;
}
