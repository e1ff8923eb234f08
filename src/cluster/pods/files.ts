import { readFile, rename, writeFile } from "node:fs/promises";

/** Writes a file so that a reader, or the next life, sees the old content or the new one and nothing between. */
export async function writeFileAtomically(path: string, data: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, data, { mode });
  await rename(temporary, path);
}

/** Undefined when the file is not there; other errors are thrown. */
export async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR" || error.code === "ESRCH") return undefined;
    throw error;
  });
}

/** Undefined when it is not there or holds no JSON, which only a crash in the middle of the first write can leave. */
export async function readJsonIfThere<T>(path: string): Promise<T | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
