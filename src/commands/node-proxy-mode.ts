import { patient } from "../cluster/supervisor/patience.ts";
import type { ModeChange, WorldStatus } from "../cluster/supervisor/protocol.ts";
import { ask } from "../cluster/supervisor/session.ts";

/** Milliseconds: a successor gets ready, the old proxy stops, the new one writes its rules. */
const patience = 70_000;

export interface ModeOrder {
  mode: string;
  /** Nodes by name; none of them with `all`. */
  nodes: readonly string[];
  /** All nodes, and those that are added later. */
  all: boolean;
  json: boolean;
}

/**
 * Changes the mode of nodes, one after the other; the first that cannot be changed ends it, and those after it stay as they are. Resolves to
 * the exit status.
 */
export async function changeProxyModes(cluster: string, { mode, nodes, all, json }: ModeOrder): Promise<number> {
  const named = all ? (await ask<WorldStatus>(cluster, { op: "status" })).nodes.map(({ name }) => name) : nodes;
  const done: (ModeChange & { milliseconds: number })[] = [];
  try {
    for (const name of new Set(named)) {
      const began = performance.now();
      const change = await ask<ModeChange>(cluster, { op: "node-proxy-mode", name, mode }, patient(patience));
      done.push({ ...change, milliseconds: Math.round(performance.now() - began) });
      if (!json) process.stdout.write(`${changeText(done.at(-1)!)}\n`);
    }
    if (all) await ask(cluster, { op: "node-proxy-mode", mode });
    if (all && !json) process.stdout.write(`nodes that are added later: ${mode}\n`);
  } finally {
    if (json) process.stdout.write(`${JSON.stringify(done, null, 2)}\n`);
  }
  return 0;
}

function changeText({ node, from, to, running, milliseconds }: ModeChange & { milliseconds: number }): string {
  if (from === to) return `${node}: is in ${to} already`;
  const when = running ? `after ${(milliseconds / 1000).toFixed(2)} s` : "when it is started";
  return `${node}: ${from} -> ${to} ${when}`;
}
