import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";

/**
 * Reads standard input to its end, and puts a file with what came in its place: the programs that this process starts or becomes have all of it
 * at once, however slowly it was typed. The file's name in `directory` is gone before anything is written to it, so that no Secret stays
 * behind whoever is killed. Rejects when there are more than `maximum` bytes.
 */
export async function completeStandardInput(directory: string, maximum: number): Promise<void> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maximum) throw new Error(`standard input is larger than ${maximum} bytes`);
    chunks.push(chunk);
  }
  const path = join(directory, `fairway-stdin-${process.pid}`);
  // The lowest that is free is what the kernel gives.
  closeSync(0);
  const file = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  if (file !== 0) throw new Error(`standard input could not be replaced (descriptor ${file})`);
  // At places that are named: whoever reads begins at the first.
  const text = Buffer.concat(chunks);
  for (let done = 0; done < size; ) done += writeSync(file, text, done, size - done, done);
}
