import { OptionError } from "./option-error.ts";

/** Modes of the nodes' proxies (their --proxy-mode), as they were chosen. */
export interface ChosenModes {
  /** Of every node that is not named. */
  others?: string;
  nodes: Record<string, string>;
}

const usual = "iptables";

export function isChosenModes(value: unknown): value is ChosenModes {
  if (typeof value !== "object" || value === null) return false;
  const { others, nodes } = value as Record<keyof ChosenModes, unknown>;
  if (typeof nodes !== "object" || nodes === null) return false;
  return [...(others === undefined ? [] : [others]), ...Object.values(nodes)].every((mode) => typeof mode === "string");
}

/** A node that is named must be one of those that there will be. */
export function checkProxyModes({ nodes }: ChosenModes, names: readonly string[]): void {
  const unknown = Object.keys(nodes).find((node) => !names.includes(node));
  if (unknown !== undefined)
    throw new OptionError("--proxy-mode", `there is no node "${unknown}"; there are ${names.join(", ")}`);
}

/** Keeps which mode the proxy of each node is in. What is asked for at the start goes before what a data directory remembers. */
export class ProxyModes {
  readonly #nodes: Map<string, string>;
  #others: string;

  constructor(asked: ChosenModes, remembered: ChosenModes = { nodes: {} }) {
    this.#others = asked.others ?? remembered.others ?? usual;
    // A mode that is asked for without a node is meant for all of them.
    const kept = asked.others === undefined ? remembered.nodes : {};
    this.#nodes = new Map(Object.entries({ ...kept, ...asked.nodes }));
  }

  of(node: string): string {
    return this.#nodes.get(node) ?? this.#others;
  }
  /** The mode of a node that is there from now on: the one it had before, when none is wanted. */
  assign(node: string, wanted = this.of(node)): string {
    this.#nodes.set(node, wanted);
    return wanted;
  }
  release(node: string): void {
    this.#nodes.delete(node);
  }
  /** Of nodes that are added later. */
  setOthers(mode: string): void {
    this.#others = mode;
  }
  save(): ChosenModes {
    return { others: this.#others, nodes: Object.fromEntries(this.#nodes) };
  }
}
