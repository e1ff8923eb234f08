// Runs test files as root in a virtual machine with Debian's kernel, for what the host's kernel may not have (IPVS). README.md tells more.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildImage } from "./image.js";
import { unpackPackages } from "./packages.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const status = /^vm: exit status (\d+)\r?$/m;

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
export FAIRWAY_TEST_VM=1 NODE_COMPILE_CACHE=/tmp/compiled
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
  try {
    const initrd = join(directory, "initrd");
    buildImage({ file: initrd, root, unpacked, version, node, init: initScript(command) });
    const console = join(directory, "console");
    const machine = [
      ...["-machine", "q35", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max", "-smp", "2", "-m", "2048"],
      ...["-nodefaults", "-display", "none", "-no-reboot", "-nic", "none"],
      ...["-serial", `file:${console}`, "-serial", "stdio"],
      ...["-kernel", join(unpacked, "boot", `vmlinuz-${version}`), "-initrd", initrd],
      // On a busy host the timer's interrupts come late, and the kernel would call the timer broken and panic.
      ...["-append", "console=ttyS0 panic=-1 mitigations=off random.trust_cpu=on tsc=reliable no_timer_check"],
    ];
    const output = await runQemu(machine, seconds);
    const left = status.exec(output)?.[1];
    if (left === undefined)
      process.stdout.write(
        `vm: it ended before the command did (at most ${seconds} s); its console:\n${tail(console)}\n`,
      );
    return left === "0";
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Resolves to what the machine wrote, when it is off or its time is over. */
function runQemu(args, seconds) {
  return new Promise((resolve, reject) => {
    const child = spawn("qemu-system-x86_64", args, { stdio: ["ignore", "pipe", "inherit"] });
    const stop = () => child.kill("SIGKILL");
    const timer = setTimeout(stop, seconds * 1000);
    process.once("exit", stop);
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      process.stdout.write(text.replaceAll("\r\n", "\n"));
    });
    child.once("error", reject);
    child.once("close", () => {
      clearTimeout(timer);
      process.off("exit", stop);
      resolve(output);
    });
  });
}

function tail(file) {
  return readFileSync(file, "utf8").split("\n").slice(-30).join("\n");
}

/** Many times what it takes: a machine that is shared with others may be that slow. */
const patience = 900;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const passed = await runInVm({ node: process.execPath, command: process.argv.slice(2), seconds: patience });
  process.exitCode = passed ? 0 : 1;
}
