import { join } from "node:path";
import { parsePrefix } from "../../ip/prefix.ts";
import type { IPv6Ranges } from "../config.ts";
import { readIfPresent, writeFileAtomically } from "../pki/files.ts";
import type { NodeRanges } from "./addresses.ts";
import { OptionError } from "./option-error.ts";
import type { UpOptions } from "./options.ts";
import { type ChosenModes, isChosenModes } from "./proxy-modes.ts";

/** What must be the same when a cluster comes up again over its data directory. */
interface State {
  podCIDR: string;
  serviceCIDR: string;
  nodeCIDR: string;
  /** Of a cluster that was dual-stack at least once. */
  ipv6?: IPv6Ranges;
  /** Offsets of the nodes' addresses in nodeCIDR, by name. */
  nodes: Record<string, number>;
  proxyModes: ChosenModes;
}

export interface Remembered {
  ranges: Partial<NodeRanges>;
  nodes: Record<string, number>;
  proxyModes: ChosenModes;
  save(state: Pick<State, "nodeCIDR" | "ipv6" | "nodes" | "proxyModes">): Promise<void>;
}

/**
 * Reads `cluster.json` of the data directory. Without a data directory nothing is remembered. Throws OptionError when ranges differ from
 * those that the stored objects have their addresses from; a second family may come, go, and come back.
 */
export async function remember(options: UpOptions): Promise<Remembered> {
  const { dataDir, podCIDR, serviceCIDR, ipFamily } = options;
  const nothing = { ranges: {}, nodes: {}, proxyModes: { nodes: {} } };
  if (dataDir === undefined) return { ...nothing, save: async () => {} };
  const path = join(dataDir, "cluster.json");
  const text = await readIfPresent(path);
  const state = text === undefined ? undefined : parseState(text, path);
  const save: Remembered["save"] = ({ ipv6 = state?.ipv6, ...now }) =>
    writeFileAtomically(path, `${JSON.stringify({ podCIDR, serviceCIDR, ipv6, ...now } satisfies State, null, 2)}\n`);
  if (state === undefined) return { ...nothing, save };
  const { nodeCIDR, ipv6, nodes, proxyModes } = state;
  for (const [flag, stored, wanted] of [
    ["--pod-cidr", state.podCIDR, podCIDR],
    ["--service-cidr", state.serviceCIDR, serviceCIDR],
    ["--pod-cidr-ipv6", ipv6?.podCIDR, options.ipv6.podCIDR],
    ["--service-cidr-ipv6", ipv6?.serviceCIDR, options.ipv6.serviceCIDR],
  ] as const) {
    if (stored === undefined || stored === wanted || (ipFamily !== "dual" && flag.endsWith("-ipv6"))) continue;
    throw new OptionError(
      flag,
      `the cluster in ${dataDir} was made with ${stored}; give that, or another --data directory`,
    );
  }
  return { ranges: { nodeCIDR, ipv6: ipv6?.nodeCIDR }, nodes, proxyModes, save };
}

function parseState(text: string, path: string): State {
  try {
    const parsed = JSON.parse(text) as Partial<Record<keyof State, unknown>>;
    const { podCIDR, serviceCIDR, nodeCIDR, nodes, proxyModes = { nodes: {} } } = parsed;
    if (typeof podCIDR !== "string" || typeof serviceCIDR !== "string")
      throw new Error("podCIDR and serviceCIDR are missing");
    if (!isRange(nodeCIDR, 4, 24)) throw new Error("nodeCIDR is no /24");
    if (typeof nodes !== "object" || nodes === null) throw new Error("nodes is no object");
    if (!isChosenModes(proxyModes)) throw new Error("proxyModes names no modes");
    const ipv6 = parseIPv6(parsed.ipv6);
    return { podCIDR, serviceCIDR, nodeCIDR, ipv6, nodes: nodes as Record<string, number>, proxyModes };
  } catch (error) {
    throw new Error(
      `${path} cannot be read (${(error as Error).message}): mend it, or remove it to give nodes new addresses`,
    );
  }
}

function parseIPv6(value: unknown): IPv6Ranges | undefined {
  if (value === undefined) return undefined;
  const { nodeCIDR, podCIDR, serviceCIDR } = (value ?? {}) as Partial<Record<keyof IPv6Ranges, unknown>>;
  if (typeof podCIDR !== "string" || typeof serviceCIDR !== "string" || !isRange(nodeCIDR, 6, 64))
    throw new Error("ipv6 lacks podCIDR, serviceCIDR or nodeCIDR, a /64");
  return { nodeCIDR, podCIDR, serviceCIDR };
}

function isRange(value: unknown, family: number, length: number): value is string {
  const prefix = typeof value === "string" ? parsePrefix(value) : undefined;
  return prefix?.family === family && prefix.length === length;
}
