import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import type { VolumeFiles } from "./projection.ts";

/**
 * Makes a directory hold exactly these files, all of them changing in one instant: they lie in a directory of their own that the link
 * ..data points to, and each name at the top is a link through it. So does kubelet, and programs that watch ..data rely on it.
 */
export async function writeVolume(directory: string, files: VolumeFiles, group?: number): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const link = join(directory, "..data");
  const current = await readlink(link).catch(() => undefined);
  if (current === undefined || !(await isSame(join(directory, current), files))) {
    const next = `..${Date.now()}_${Math.floor(Math.random() * 1e9)}`;
    for (const [path, { data, mode }] of files) {
      const file = join(directory, next, path);
      await mkdir(dirname(file), { recursive: true, mode: 0o755 });
      await writeFile(file, data);
      if (group !== undefined) await chown(file, 0, group);
      await chmod(file, group === undefined ? mode : mode | ((mode & 0o400) >> 3));
    }
    await mkdir(join(directory, next), { recursive: true, mode: 0o755 });
    await rm(`${link}_tmp`, { force: true });
    await symlink(next, `${link}_tmp`);
    await rename(`${link}_tmp`, link);
  }
  await linkNames(directory, new Set([...files.keys()].map((path) => path.split("/")[0] ?? path)));
}

async function linkNames(directory: string, names: ReadonlySet<string>): Promise<void> {
  const current = await readlink(join(directory, "..data"));
  for (const name of names)
    await symlink(join("..data", name), join(directory, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  for (const entry of await readdir(directory)) {
    if (entry === "..data" || entry === current || names.has(entry)) continue;
    await rm(join(directory, entry), { recursive: true, force: true });
  }
}

async function isSame(directory: string, files: VolumeFiles): Promise<boolean> {
  let found = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []))
    if (entry.isFile()) found += 1;
  if (found !== files.size) return false;
  for (const [path, { data }] of files) {
    const present = await readFile(join(directory, path)).catch(() => undefined);
    if (present === undefined || !present.equals(data)) return false;
  }
  return (await lstat(directory).catch(() => undefined))?.isDirectory() ?? false;
}
