import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Reads a kernel setting by its path below /proc/sys ("net/ipv4/ip_forward"); undefined when this kernel does not have it. */
export async function readSysctl(name: string): Promise<string | undefined> {
  return readFile(join("/proc/sys", name), "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}

/** Settings below net/ are those of the network namespace of this process. */
export async function writeSysctl(name: string, value: string): Promise<void> {
  await writeFile(join("/proc/sys", name), value);
}
