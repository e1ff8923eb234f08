import type { EndpointSlice, KubernetesObject, Service } from "../kubernetes/types.ts";
import { compileService, type NodeContext } from "./compile/compile.ts";
import type { Problem } from "./compile/problems.ts";
import type { ServiceTable } from "./table.ts";

/** Joins a slice to its Service (EndpointSlice API). */
export const serviceNameLabel = "kubernetes.io/service-name";

/**
 * The objects that the table is compiled from, and which Services have to be compiled again: a change of one object costs one Service.
 */
export class ServiceInputs {
  readonly #services = new Map<string, Service>();
  /** Service → slice name → slice. */
  readonly #slices = new Map<string, Map<string, EndpointSlice>>();
  readonly #dirty = new Set<string>();
  readonly #problems = new Map<string, string>();
  #node: NodeContext;

  constructor(node: NodeContext) {
    this.#node = node;
  }

  get node(): NodeContext {
    return this.#node;
  }
  get isDirty(): boolean {
    return this.#dirty.size > 0;
  }

  /** Everything depends on the node: its zone, its addresses. */
  setNode(node: NodeContext): void {
    this.#node = node;
    for (const unit of this.#services.keys()) this.#dirty.add(unit);
  }

  setService(service: Service): void {
    const unit = unitOf(service);
    this.#services.set(unit, service);
    this.#dirty.add(unit);
  }

  deleteService(service: Service): void {
    const unit = unitOf(service);
    this.#services.delete(unit);
    this.#dirty.add(unit);
  }

  /** `old` is what is replaced: a label that changed takes a slice from one Service to another. */
  setSlice(slice: EndpointSlice, old?: EndpointSlice): void {
    const unit = serviceOf(slice);
    if (old !== undefined && serviceOf(old) !== unit) this.deleteSlice(old);
    if (unit === undefined) return;
    const slices = this.#slices.get(unit) ?? new Map<string, EndpointSlice>();
    this.#slices.set(unit, slices.set(slice.metadata?.name ?? "", slice));
    this.#dirty.add(unit);
  }

  deleteSlice(slice: EndpointSlice): void {
    const unit = serviceOf(slice);
    const slices = unit === undefined ? undefined : this.#slices.get(unit);
    if (unit === undefined || slices === undefined) return;
    slices.delete(slice.metadata?.name ?? "");
    if (slices.size === 0) this.#slices.delete(unit);
    this.#dirty.add(unit);
  }

  /** Compiles what changed into the table. Returns the problems that were not there before. */
  compile(table: ServiceTable): Problem[] {
    const fresh: Problem[] = [];
    for (const unit of this.#dirty) {
      const { rows, problems } = compileService(
        this.#services.get(unit),
        this.#slices.get(unit)?.values() ?? [],
        this.#node,
      );
      table.setUnit(unit, rows);
      this.#note(unit, problems, fresh);
    }
    this.#dirty.clear();
    return fresh;
  }

  #note(unit: string, problems: Problem[], fresh: Problem[]): void {
    if (problems.length === 0) {
      this.#problems.delete(unit);
      return;
    }
    const text = JSON.stringify(problems);
    if (this.#problems.get(unit) !== text) fresh.push(...problems);
    this.#problems.set(unit, text);
  }
}

function unitOf({ metadata }: KubernetesObject): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

function serviceOf({ metadata }: EndpointSlice): string | undefined {
  const name = metadata?.labels?.[serviceNameLabel];
  return name ? `${metadata?.namespace}/${name}` : undefined;
}
