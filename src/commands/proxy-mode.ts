import { InvalidArgumentError } from "commander";
import type { ChosenModes } from "../cluster/supervisor/proxy-modes.ts";
import { isProxyMode, type ProxyMode, proxyModes } from "../serviceproxy/config/modes.ts";

/** One mode, as `fairway proxy` knows it. */
export function proxyMode(text: string): ProxyMode {
  if (!isProxyMode(text)) throw new InvalidArgumentError(`"${text}" is none of ${proxyModes.join(", ")}.`);
  return text;
}

/** "nftables", "node2=userspace", or several of them with commas between; a flag that is given again adds to the one before. */
export function chosenModes(text: string, before: ChosenModes): ChosenModes {
  const chosen: ChosenModes = { others: before.others, nodes: { ...before.nodes } };
  for (const word of text.split(",")) {
    const [, node, mode = ""] = /^(?:([^=]*)=)?(.*)$/s.exec(word)!;
    const wanted = proxyMode(mode);
    if (node === undefined) {
      if (chosen.others !== undefined)
        throw new InvalidArgumentError(
          `${chosen.others} and ${wanted} are both for all nodes; say whose one is: NODE=${wanted}.`,
        );
      chosen.others = wanted;
    } else {
      if (node === "") throw new InvalidArgumentError(`"${word}" names no node before the "=".`);
      if (Object.hasOwn(chosen.nodes, node)) throw new InvalidArgumentError(`${node} is given two modes.`);
      chosen.nodes[node] = wanted;
    }
  }
  return chosen;
}
