import type { Family } from "../ip/address.ts";
import { CommandError, run } from "./command.ts";

export type IptablesTable = "filter" | "nat" | "mangle";
export type Backend = "nft" | "legacy";

/** iptables 1.8 has two sets of rules behind one name: each backend sees only its own. */
export interface IptablesVersion {
  /** "1.8.9" */
  text: string;
  backend: Backend;
}

/** The xtables lock was held by someone else for longer than we waited. Try again later. */
export class LockHeldError extends Error {
  override name = "LockHeldError";
}

/**
 * The nft backend cannot show a table that holds a rule which it does not know: iptables-save then prints a comment in the table's place and
 * leaves with status 0. Other tables are none of our business.
 */
export class UnreadableTableError extends Error {
  override name = "UnreadableTableError";
}

/** As iptables 1.8.9 prints it: "# Table `nat' is incompatible, use 'nft' tool." */
const unreadablePattern = /^# Table `(filter|nat|mangle)' is incompatible/gm;

/** Throws UnreadableTableError when a table that we use is missing in what iptables-save printed, though the kernel has it. */
export function checkReadable(saved: string, family: Family): void {
  const unreadable = [...saved.matchAll(unreadablePattern)].map(
    ([, table]) => `${family === 4 ? "ip" : "ip6"} ${table}`,
  );
  if (unreadable.length === 0) return;
  const commands = unreadable.map((table) => `"nft -a list table ${table}"`).join(" and ");
  throw new UnreadableTableError(
    `iptables cannot read the table ${unreadable.join(" and ")}: it holds a rule of nft that iptables does not know. Find it with ${commands} and delete it or move it to a table of its own, or use the proxy mode nftables`,
  );
}

/** The iptables of one address family, in the network namespace of this process. */
export interface Iptables {
  readonly family: Family;
  readonly version: IptablesVersion;
  /** What iptables-save prints of one table, or of all that there are. Rejects with UnreadableTableError. */
  save(table?: IptablesTable): Promise<string>;
  /** Feeds iptables-restore --noflush: each table's section is one atomic change. Rejects with LockHeldError when the lock is held. */
  restore(input: string): Promise<void>;
  /** The rules of one chain ("-A CHAIN …"), undefined when there is no such chain. */
  list(table: IptablesTable, chain: string): Promise<string[] | undefined>;
}

/** Seconds to wait for the xtables lock (legacy backend), as kube-proxy does. */
const lockWait = "5";
/** A cold start of the nft backend takes seconds for thousands of Services. */
const restoreTimeout = 120_000;
/** Exit status RESOURCE_PROBLEM: the lock, and in the nft backend a clash with another writer that outlasted its retries. */
const resourceProblem = 4;

/** "iptables v1.8.9 (nf_tables)" */
const versionPattern = /^ip6?tables v(\d+\.\d+\.\d+)(?: \((nf_tables|legacy)\))?/;

/** Reads what `iptables --version` prints; before 1.8 there was only the legacy backend. */
export function parseIptablesVersion(text: string): IptablesVersion {
  const match = versionPattern.exec(text);
  if (match === null)
    throw new Error(`iptables --version printed something unknown: ${JSON.stringify(text.slice(0, 100))}`);
  return { text: match[1]!, backend: match[2] === "nf_tables" ? "nft" : "legacy" };
}

/** Whether a version is at least the other; both as "1.8.9". */
export function isVersionAtLeast(version: string, least: string): boolean {
  const [have, want] = [version, least].map((text) => text.split(".").map(Number));
  for (const [index, part] of want!.entries()) {
    const own = have![index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}

/** Oldest version whose restore can wait for the lock. */
const leastVersion = "1.6.2";

/**
 * Finds the tools of a family and asks for their version. `backend` chooses one of the two by its own name (iptables-nft…); otherwise what
 * the system calls "iptables" is used. Their lock file follows XTABLES_LOCKFILE.
 */
export async function findIptables(family: Family, backend?: Backend): Promise<Iptables> {
  const name = `${family === 4 ? "iptables" : "ip6tables"}${backend === undefined ? "" : `-${backend}`}`;
  const text = await run(name, ["--version"]).catch((error: Error) => {
    throw new Error(`${name} cannot be run; install the package "iptables": ${error.message}`, { cause: error });
  });
  const version = parseIptablesVersion(text);
  if (!isVersionAtLeast(version.text, leastVersion))
    throw new Error(`${name} is version ${version.text}; at least ${leastVersion} is needed`);
  return {
    family,
    version,
    async save(table) {
      const saved = await run(`${name}-save`, table === undefined ? [] : ["-t", table], { timeout: restoreTimeout });
      checkReadable(saved, family);
      return saved;
    },
    async restore(input) {
      try {
        await run(`${name}-restore`, ["-w", lockWait, "--noflush"], { input, timeout: restoreTimeout });
      } catch (error) {
        throw describeFailure(error, input);
      }
    },
    async list(table, chain) {
      try {
        const printed = await run(name, ["-w", lockWait, "-t", table, "-S", chain]);
        return printed.split("\n").filter((line) => line.startsWith("-A "));
      } catch (error) {
        if (error instanceof CommandError && error.code === 1) return undefined;
        throw error;
      }
    },
  };
}

/** Adds the line that iptables-restore names by its number. */
function describeFailure(error: unknown, input: string): unknown {
  if (!(error instanceof CommandError)) return error;
  if (error.code === resourceProblem) return new LockHeldError(error.message, { cause: error });
  const number = /line (\d+) failed/i.exec(error.stderr)?.[1];
  const line = number === undefined ? undefined : input.split("\n")[Number(number) - 1];
  return line === undefined ? error : new Error(`${error.message} (${line})`, { cause: error });
}
