import type { Node } from "../../../kubernetes/types.ts";
import { type Amounts, amountsOf } from "./amounts.ts";
import type { PodNeeds } from "./pod-needs.ts";

/** What runs on one node and what is left of it, kept by adding and removing single Pods. */
export class NodeAccount {
  readonly name: string;
  /** undefined: Pods are bound to a node that is not there (any more). */
  node: Node | undefined;
  allocatable: Amounts = {};
  readonly requested: Amounts = {};
  readonly #pods = new Map<string, PodNeeds>();
  readonly #hostPorts = new Map<string, number>();
  readonly #owners = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }

  setNode(node: Node | undefined): void {
    this.node = node;
    this.allocatable = amountsOf(node?.status?.allocatable);
  }

  get podCount(): number {
    return this.#pods.size;
  }

  ownedBy(owner: string | undefined): number {
    return owner === undefined ? 0 : (this.#owners.get(owner) ?? 0);
  }

  /** Adding a Pod that is there already, or removing one that is not, changes nothing: events may tell a thing twice. */
  add(uid: string, needs: PodNeeds): void {
    if (this.#pods.has(uid)) return;
    this.#pods.set(uid, needs);
    this.#count(needs, 1);
  }

  remove(uid: string): void {
    const needs = this.#pods.get(uid);
    if (needs === undefined) return;
    this.#pods.delete(uid);
    this.#count(needs, -1);
  }

  /** Two ports conflict when protocol and number are the same and so is the address, or one of them is any address. */
  hasPortConflict(hostPorts: readonly string[]): boolean {
    return hostPorts.some((wanted) => {
      const [protocol, address, port] = wanted.split("/");
      for (const taken of this.#hostPorts.keys()) {
        const [takenProtocol, takenAddress, takenPort] = taken.split("/");
        if (takenProtocol !== protocol || takenPort !== port) continue;
        if (takenAddress === address || takenAddress === "0.0.0.0" || address === "0.0.0.0") return true;
      }
      return false;
    });
  }

  #count(needs: PodNeeds, sign: 1 | -1): void {
    for (const [resource, amount] of Object.entries(needs.requests))
      this.requested[resource] = (this.requested[resource] ?? 0) + sign * amount;
    for (const port of needs.hostPorts) tally(this.#hostPorts, port, sign);
    if (needs.owner !== undefined) tally(this.#owners, needs.owner, sign);
  }
}

function tally(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
