import { join } from "node:path";
import { parsePrefix } from "../../ip/ipv4.ts";
import { readIfPresent, writeFileAtomically } from "../pki/files.ts";
import { OptionError, type UpOptions } from "./options.ts";
import { type ChosenModes, isChosenModes } from "./proxy-modes.ts";

/** What must be the same when a cluster comes up again over its data directory. */
interface State {
  podCIDR: string;
  serviceCIDR: string;
  nodeCIDR: string;
  /** Offsets of the nodes' addresses in nodeCIDR, by name. */
  nodes: Record<string, number>;
  proxyModes: ChosenModes;
}

export interface Remembered {
  nodeCIDR?: string;
  nodes: Record<string, number>;
  proxyModes: ChosenModes;
  save(state: Pick<State, "nodeCIDR" | "nodes" | "proxyModes">): Promise<void>;
}

/**
 * Reads `cluster.json` of the data directory. Without a data directory nothing is remembered. Throws OptionError when ranges differ from
 * those that the stored objects have their addresses from.
 */
export async function remember(options: UpOptions): Promise<Remembered> {
  const { dataDir, podCIDR, serviceCIDR } = options;
  const nothing = { nodes: {}, proxyModes: { nodes: {} } };
  if (dataDir === undefined) return { ...nothing, save: async () => {} };
  const path = join(dataDir, "cluster.json");
  const save: Remembered["save"] = (state) =>
    writeFileAtomically(path, `${JSON.stringify({ podCIDR, serviceCIDR, ...state } satisfies State, null, 2)}\n`);
  const text = await readIfPresent(path);
  if (text === undefined) return { ...nothing, save };
  const state = parseState(text, path);
  for (const [flag, stored, wanted] of [
    ["--pod-cidr", state.podCIDR, podCIDR],
    ["--service-cidr", state.serviceCIDR, serviceCIDR],
  ] as const) {
    if (stored !== wanted)
      throw new OptionError(
        flag,
        `the cluster in ${dataDir} was made with ${stored}; give that, or another --data directory`,
      );
  }
  const { nodeCIDR, nodes, proxyModes } = state;
  return { nodeCIDR, nodes, proxyModes, save };
}

function parseState(text: string, path: string): State {
  try {
    const parsed = JSON.parse(text) as Partial<Record<keyof State, unknown>>;
    const { podCIDR, serviceCIDR, nodeCIDR, nodes, proxyModes = { nodes: {} } } = parsed;
    if (typeof podCIDR !== "string" || typeof serviceCIDR !== "string")
      throw new Error("podCIDR and serviceCIDR are missing");
    if (typeof nodeCIDR !== "string" || parsePrefix(nodeCIDR)?.bits !== 24) throw new Error("nodeCIDR is no /24");
    if (typeof nodes !== "object" || nodes === null) throw new Error("nodes is no object");
    if (!isChosenModes(proxyModes)) throw new Error("proxyModes names no modes");
    return { podCIDR, serviceCIDR, nodeCIDR, nodes: nodes as Record<string, number>, proxyModes };
  } catch (error) {
    throw new Error(
      `${path} cannot be read (${(error as Error).message}): mend it, or remove it to give nodes new addresses`,
    );
  }
}
