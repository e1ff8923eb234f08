import { createReadStream } from "node:fs";

/**
 * Reads a file that somebody named, which may be a device or a pipe too, as UTF-8. Rejects when it holds more than `maximum` bytes, without
 * reading on: some never end.
 */
export async function readText(path: string, maximum: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of createReadStream(path)) {
    size += chunk.length;
    if (size > maximum) throw new Error(`${path} holds more than ${maximum} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
