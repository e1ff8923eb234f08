import type { Endpoint } from "../../../kubernetes/types.ts";
import { equal } from "../shared/equal.ts";
import { type EndpointPort, type PortGroup, portsKey } from "./desired.ts";

/** KEP-752: more would make each change of one endpoint expensive for every watcher. */
const endpointsPerSlice = 100;

/** A slice as far as packing sees it. */
export interface PackedSlice {
  name: string;
  ports: readonly EndpointPort[];
  endpoints: readonly Endpoint[];
}

export interface Packing {
  create: PortGroup[];
  update: { name: string; endpoints: Endpoint[] }[];
  /** Names. */
  remove: string[];
  /** Names of slices that stay as they are. */
  keep: string[];
}

/**
 * Distributes endpoints over slices so that as few slices as possible are written: endpoints stay where they are; new ones go first into slices
 * that change anyway, then whole new slices, and a rest into the fullest slice that still has room for all of it. Every slice that is left
 * without endpoints goes, but for one: a Service without endpoints keeps one empty slice, which tells that somebody looked.
 */
export function pack(
  existing: readonly PackedSlice[],
  desired: ReadonlyMap<string, PortGroup>,
  max = endpointsPerSlice,
): Packing {
  const packing: Packing = { create: [], update: [], remove: [], keep: [] };
  const byPorts = new Map<string, PackedSlice[]>();
  for (const slice of existing) {
    const key = portsKey(slice.ports);
    const members = byPorts.get(key);
    if (members === undefined) byPorts.set(key, [slice]);
    else members.push(slice);
  }
  for (const [key, slices] of byPorts) {
    if (!desired.has(key)) packing.remove.push(...slices.map(({ name }) => name));
  }
  for (const [key, group] of desired) packGroup(packing, byPorts.get(key) ?? [], group, max);
  if (desired.size === 0) keepPlaceholder(packing, existing);
  return packing;
}

function packGroup(packing: Packing, slices: readonly PackedSlice[], group: PortGroup, max: number): void {
  const missing = new Map(group.endpoints.map((endpoint) => [identityOf(endpoint), endpoint]));
  const touched: { name: string; endpoints: Endpoint[] }[] = [];
  const untouched: PackedSlice[] = [];
  for (const slice of slices) {
    const { endpoints, isChanged } = refresh(slice, missing, max);
    if (isChanged) touched.push({ name: slice.name, endpoints });
    else untouched.push(slice);
  }
  const added = [...missing.values()];
  // The fullest first: what is left over later are slices that can go.
  touched.sort((a, b) => b.endpoints.length - a.endpoints.length);
  for (const { endpoints } of touched) endpoints.push(...added.splice(0, Math.max(0, max - endpoints.length)));
  while (added.length >= max) packing.create.push({ ports: group.ports, endpoints: added.splice(0, max) });
  let filled: PackedSlice | undefined;
  if (added.length > 0) {
    const roomy = untouched.filter(({ endpoints }) => endpoints.length + added.length <= max);
    filled = roomy.reduce<PackedSlice | undefined>((best, slice) => {
      return best === undefined || slice.endpoints.length > best.endpoints.length ? slice : best;
    }, undefined);
    if (filled === undefined) packing.create.push({ ports: group.ports, endpoints: added });
    else packing.update.push({ name: filled.name, endpoints: [...filled.endpoints, ...added] });
  }
  for (const slice of touched) {
    if (slice.endpoints.length > 0) packing.update.push(slice);
    else packing.remove.push(slice.name);
  }
  for (const slice of untouched) if (slice !== filled) packing.keep.push(slice.name);
}

/** What a slice holds afterwards of what it held; takes the endpoints that it keeps out of `missing`. */
function refresh(slice: PackedSlice, missing: Map<string, Endpoint>, max: number) {
  const endpoints: Endpoint[] = [];
  // A slice that somebody emptied is no use to anybody.
  let isChanged = slice.endpoints.length === 0;
  for (const endpoint of slice.endpoints) {
    const identity = identityOf(endpoint);
    const wanted = missing.get(identity);
    if (wanted === undefined || endpoints.length >= max) {
      isChanged = true;
      continue;
    }
    missing.delete(identity);
    if (!equal(wanted, endpoint)) isChanged = true;
    endpoints.push(wanted);
  }
  return { endpoints, isChanged };
}

function keepPlaceholder(packing: Packing, existing: readonly PackedSlice[]): void {
  const placeholder = existing.find(({ ports, endpoints }) => ports.length === 0 && endpoints.length === 0);
  if (placeholder !== undefined) {
    packing.remove = packing.remove.filter((name) => name !== placeholder.name);
    packing.keep.push(placeholder.name);
    return;
  }
  packing.create.push({ ports: [], endpoints: [] });
}

/** An address alone does not tell an endpoint: it may have passed from a Pod to the next. */
function identityOf({ addresses, targetRef }: Endpoint): string {
  return `${addresses[0]}|${targetRef?.uid ?? targetRef?.name ?? ""}`;
}
