/** What a test file sets up once and takes away again, also when a name pattern lets none of its tests run. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { createLab, type Lab } from "./lab.ts";

/** The lock of iptables is this file's own: nobody on the host waits for it, nor it for them. */
export function useLockFile(): void {
  let directory: string | undefined;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "proxy-"));
    process.env.XTABLES_LOCKFILE = join(directory, "xtables.lock");
  });
  after(() => {
    if (directory !== undefined) rmSync(directory, { recursive: true });
  });
}

interface Removable {
  remove(): void;
}

/** A lab, with a lock file, for all tests of the suite (or file) that calls this. It is there once they run. */
export function useLab(): () => Lab;
export function useLab<T extends Removable>(create: () => Promise<T>): () => T;
export function useLab(create: () => Promise<Removable> = createLab): () => Removable {
  useLockFile();
  let begun: Promise<Removable> | undefined;
  let lab: Removable;
  before(async () => {
    begun = create();
    lab = await begun;
  });
  // Without a test to run, node:test does not wait for the hooks before them.
  after(async () => (await begun)?.remove());
  return () => lab;
}
