import type { Rule } from "./rules.ts";

/** One table as iptables-save printed it: its chains, builtin ones too, with their rules in order. */
export type SavedTable = Map<string, Rule[]>;

/** Reads the print of several tables, by their names. */
export function parseTables(text: string): Map<string, SavedTable> {
  const prints = text.split(/^\*/m).slice(1);
  return new Map(prints.map((print) => [print.slice(0, print.indexOf("\n")), parseSave(print)]));
}

/** Reads the print of one table. Counters and comment lines are left out. */
export function parseSave(text: string): SavedTable {
  const chains: SavedTable = new Map();
  for (const line of text.split("\n")) {
    if (line.startsWith(":")) chains.set(line.slice(1, line.indexOf(" ")), []);
    else if (line.startsWith("-A ")) {
      const end = line.indexOf(" ", 3);
      // A rule without any match or target ends with its chain's name.
      const chain = end === -1 ? line.slice(3) : line.slice(3, end);
      // iptables 1.8.9 prints two blanks there.
      chains.get(chain)?.push(end === -1 ? "" : line.slice(end + 1).replace("--nfacct-name  ", "--nfacct-name "));
    }
  }
  return chains;
}
