/** The command line of `npm run bench -- proxy`. */
import { parseArgs } from "node:util";
import { isProxyMode, type ProxyMode, proxyModes } from "../../src/serviceproxy/config/modes.ts";
import { parseSize, type Size } from "./objects.ts";

export const parts = ["sync", "traffic", "processes"] as const;
export type Part = (typeof parts)[number];

export interface Options {
  parts: readonly Part[];
  modes: readonly ProxyMode[];
  /** Of --sizes; absent: each part's own. */
  sizes?: readonly Size[];
  changes: number;
  seconds: number;
  rounds: number;
  json: boolean;
  /** A real kube-proxy. */
  kubeProxy?: string;
}

export const usage = `Usage: npm run bench -- proxy [OPTIONS]

Measures the service proxy in network namespaces of its own, on this machine, and prints a table for each part:

  sync       Its own work: cold sync (objects in the caches, to the kernel's last acknowledgement), one endpoint changed and one Service
             added (bytes of the watch's events, to the acknowledgement), a restart, memory.
  traffic    What a connection costs through each mode, beside the same server asked directly. Needs haproxy and wrk.
  processes  fairway proxy as a process beside the embedded API, from the API write to the kernel's commit as a netlink listener hears
             of it (nftables and iptables-nft). With KUBE_PROXY_BIN=FILE a real kube-proxy too: the same API, the same configuration.

Options:
  --parts LIST    of ${parts.join(", ")} (all)
  --modes LIST    of ${proxyModes.join(", ")} (all that this kernel has)
  --sizes LIST    SERVICESxENDPOINTS, as in 10000x2 (each part's own: see the tables)
  --changes N     the most changes of a kind that are measured, but for 20 s at most (200)
  --seconds N     how long each figure of traffic is measured (1)
  --rounds N      how often (2)
  --json          one JSON document instead of tables; times in milliseconds, memory in megabytes
  --help          this

Examples:
  npm run bench -- proxy --parts sync --modes nftables --sizes 100x2,100000x2
  npm run bench -- proxy --parts traffic --modes iptables,nftables --sizes 1x2,10000x2
  KUBE_PROXY_BIN=/usr/local/bin/kube-proxy npm run bench -- proxy --parts processes --sizes 10000x2
`;

/** A command line that says what cannot be. */
export class OptionError extends Error {}

/** Undefined: help was asked for. Throws OptionError. */
export function parseOptions(args: readonly string[], environment: NodeJS.ProcessEnv): Options | undefined {
  const values = read(args);
  if (values.help) return undefined;
  return {
    parts: list("parts", values.parts, (text) => parts.find((part) => part === text)) ?? parts,
    modes: list("modes", values.modes, (text) => (isProxyMode(text) ? text : undefined)) ?? proxyModes,
    sizes: list("sizes", values.sizes, parseSize),
    changes: count("changes", values.changes, 10_000),
    seconds: count("seconds", values.seconds, 60),
    rounds: count("rounds", values.rounds, 20),
    json: values.json,
    kubeProxy: environment.KUBE_PROXY_BIN || undefined,
  };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        parts: { type: "string" },
        modes: { type: "string" },
        sizes: { type: "string" },
        changes: { type: "string", default: "200" },
        seconds: { type: "string", default: "1" },
        rounds: { type: "string", default: "2" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new OptionError((error as Error).message);
  }
}

function list<T>(name: string, text: string | undefined, parse: (word: string) => T | undefined): T[] | undefined {
  return text?.split(",").map((word) => {
    const value = parse(word);
    if (value === undefined) throw new OptionError(`--${name}: ${JSON.stringify(word)} is none`);
    return value;
  });
}

function count(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new OptionError(`--${name}: ${JSON.stringify(text)} is not a number from 1 to ${most}`);
  return value;
}
