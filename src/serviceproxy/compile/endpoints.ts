import { canonicalAddress, type Family, formatAddressPort } from "../../ip/address.ts";
import type { EndpointSlice } from "../../kubernetes/types.ts";
import type { Endpoint, Protocol } from "../table.ts";
import { entries, type Report, readProtocol } from "./service.ts";

/** Finds the endpoints of a service port: by its name and protocol. */
export function portKey(name: string, protocol: Protocol): string {
  return `${name}/${protocol}`;
}

/**
 * Reads the slices of one Service that belong to one family into endpoints by port, sorted by their text. Of two entries for the same
 * address and port the one that is not terminating counts: a Pod's address may be in use again before its old slice entry is gone. Among
 * equals the slice with the smaller name has it, in whatever order they came.
 */
export function readEndpoints(
  slices: Iterable<EndpointSlice>,
  family: Family,
  nodeName: string,
  report: (slice: EndpointSlice) => Report,
): Map<string, Endpoint[]> {
  const byPort = new Map<string, Map<string, Endpoint>>();
  for (const slice of [...slices].sort(byName)) {
    if (slice.addressType !== `IPv${family}`) continue;
    const tell = report(slice);
    const ports = readPorts(slice, tell);
    if (ports.length === 0) continue;
    for (const endpoint of readAddresses(slice, family, nodeName, tell))
      for (const { key, port } of ports) {
        const found = byPort.get(key) ?? new Map<string, Endpoint>();
        byPort.set(key, found);
        const text = formatAddressPort(endpoint.address, port);
        if (found.get(text)?.terminating !== false) found.set(text, { ...endpoint, port });
      }
  }
  const sorted = new Map<string, Endpoint[]>();
  for (const [key, found] of byPort) {
    const texts = [...found.keys()].sort();
    sorted.set(
      key,
      texts.map((text) => found.get(text)!),
    );
  }
  return sorted;
}

function byName(a: EndpointSlice, b: EndpointSlice): number {
  return (a.metadata?.name ?? "") < (b.metadata?.name ?? "") ? -1 : 1;
}

/** A port without a number means all ports and is nobody's target; one without a name comes from no API server (its default is ""). */
function readPorts(slice: EndpointSlice, report: Report): { key: string; port: number }[] {
  return entries(slice.ports).flatMap(({ name, port, protocol }, index) => {
    if (typeof name !== "string" || !port) return [];
    const known = readProtocol(protocol);
    const valid = Number.isInteger(port) && port > 0 && port <= 65_535;
    if (!valid) report(`ports[${index}].port`, `${JSON.stringify(port)} is not a port between 1 and 65535`);
    else if (known === undefined) report(`ports[${index}].protocol`, `${JSON.stringify(protocol)} is no protocol`);
    else return [{ key: portKey(name, known), port }];
    return [];
  });
}

/** Only the first address of an endpoint counts: the others are the same thing again (EndpointSlice API). */
function readAddresses(slice: EndpointSlice, family: Family, nodeName: string, report: Report): Endpoint[] {
  return entries(slice.endpoints).flatMap(({ addresses, conditions, hints, nodeName: on }, index) => {
    const [text] = entries(addresses);
    const address = typeof text === "string" ? canonicalAddress(text) : undefined;
    if (address?.family !== family) {
      report(`endpoints[${index}].addresses[0]`, `${JSON.stringify(text)} is not an IPv${family} address`);
      return [];
    }
    return [
      {
        address: address.text,
        port: 0,
        local: on !== undefined && on === nodeName,
        ready: readFlag(conditions?.ready, true),
        serving: readFlag(conditions?.serving, true),
        terminating: readFlag(conditions?.terminating, false),
        ...readHints("zoneHints", hints?.forZones),
        ...readHints("nodeHints", hints?.forNodes),
      },
    ];
  });
}

function readFlag(value: unknown, fallback: boolean): boolean {
  return typeof value === "boolean" ? value : fallback;
}

function readHints(
  field: "zoneHints" | "nodeHints",
  hints: readonly { name: string }[] | undefined,
): Partial<Endpoint> {
  const names = entries(hints).map(({ name }) => name);
  return names.length > 0 ? { [field]: names } : {};
}
