import { readFile } from "node:fs/promises";

/** File systems that hold no programs, or that each container gets for itself. */
const skippedTypes = new Set([
  "proc",
  "sysfs",
  "devtmpfs",
  "devpts",
  "tmpfs",
  "cgroup",
  "cgroup2",
  "mqueue",
  "securityfs",
  "debugfs",
  "tracefs",
  "bpf",
  "pstore",
  "configfs",
  "fusectl",
  "hugetlbfs",
  "nsfs",
  "autofs",
  "binfmt_misc",
  "rpc_pipefs",
  "efivarfs",
]);
const skippedRoots = ["/proc", "/sys", "/dev", "/run", "/tmp", "/etc"];

/** Directories of the machine that are file systems of their own, such as /usr or /home: containers see them read-only. */
export async function hostMounts(): Promise<string[]> {
  return parseHostMounts(await readFile("/proc/self/mountinfo", "utf8"));
}

/** `text` is the content of /proc/PID/mountinfo (proc(5)). Outer directories first. */
export function parseHostMounts(text: string): string[] {
  const found = new Set<string>();
  for (const line of text.split("\n")) {
    const [left = "", right = ""] = line.split(" - ");
    const path = (left.split(" ")[4] ?? "").replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const type = right.split(" ")[0] ?? "";
    const skipped = skippedRoots.some((root) => path === root || path.startsWith(`${root}/`));
    if (path.startsWith("/") && path !== "/" && !skipped && type !== "" && !skippedTypes.has(type)) found.add(path);
  }
  return [...found].sort((a, b) => a.length - b.length);
}
