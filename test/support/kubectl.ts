/** The kubectls to test with: the machine's own, and Debian 12's 1.20.2 if `npm test` could unpack it beside the checkout (scripts/test.js). */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run } from "../../src/linux/command.ts";

export interface Kubectl {
  program: string;
  /** 32 for 1.32. */
  minor: number;
}

const debian = fileURLToPath(new URL("../../.cache/kubectl-debian/usr/bin/kubectl", import.meta.url));

/** Throws when a CI machine lacks one of them: then half of what is promised went untested. */
export async function kubectls(): Promise<Kubectl[]> {
  const found = [await probe("kubectl")];
  if (existsSync(debian)) found.push(await probe(debian));
  else if (process.env.CI === "true") throw new Error(`${debian} is missing`);
  return found;
}

async function probe(program: string): Promise<Kubectl> {
  const { clientVersion } = JSON.parse(await run(program, ["version", "--client", "-o", "json"])) as {
    clientVersion: { minor: string };
  };
  return { program, minor: Number.parseInt(clientVersion.minor, 10) };
}
