import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAddressPort } from "../../ip/address.ts";
import type { Endpoint } from "../table.ts";
import data from "../testing/endpoints.json" with { type: "json" };
import { expandSlice, type ShortSlice } from "../testing/objects.ts";
import { readEndpoints } from "./endpoints.ts";

function describe(endpoint: Endpoint): string {
  const flags = (["ready", "serving", "terminating"] as const).filter((flag) => endpoint[flag]);
  const words = [formatAddressPort(endpoint.address, endpoint.port), ...flags, ...(endpoint.local ? ["here"] : [])];
  return words.join(" ");
}

function read(slices: readonly ShortSlice[], node: string, problems: string[] = []): Record<string, string[]> {
  const endpoints = readEndpoints(slices.map(expandSlice), 4, node, () => (field, problem) => {
    problems.push(`${field}: ${problem}`);
  });
  return Object.fromEntries([...endpoints].map(([port, list]) => [port, list.map(describe)]));
}

for (const { name, node, service, slices, expected } of data.cases)
  test(name, () => {
    const own = slices.filter(({ slice, of }) => `${slice.split("/")[0]}/${of}` === service);
    assert.deepEqual(read(own, node), expected);
  });

test("what makes no sense is left out and told, the rest is served", () => {
  const problems: string[] = [];
  const slice: ShortSlice = {
    slice: "n/s",
    ports: ["a/TCP 80", "b/TCP 70000", "c/ICMP 1", { name: null, port: 5 }, { name: "all" }],
    endpoints: ["10.0.0.1", "10.0.0.300", "fd00::1", "web.example"],
  };
  assert.deepEqual(read([slice], "n", problems), { "a/TCP": ["10.0.0.1:80 ready serving"] });
  assert.deepEqual(problems, [
    "ports[1].port: 70000 is not a port between 1 and 65535",
    'ports[2].protocol: "ICMP" is no protocol',
    'endpoints[1].addresses[0]: "10.0.0.300" is not an IPv4 address',
    'endpoints[2].addresses[0]: "fd00::1" is not an IPv4 address',
    'endpoints[3].addresses[0]: "web.example" is not an IPv4 address',
  ]);
});

test("an address that is in use again counts over its terminating entry, whatever the order of the slices", () => {
  const old: ShortSlice = {
    slice: "n/a",
    ports: ["p/TCP 80"],
    endpoints: ["10.0.0.1 ready=no serving=yes terminating=yes"],
  };
  const fresh: ShortSlice = { slice: "n/b", ports: ["p/TCP 80"], endpoints: ["10.0.0.1"] };
  for (const slices of [
    [old, fresh],
    [fresh, old],
  ])
    assert.deepEqual(read(slices, "n"), { "p/TCP": ["10.0.0.1:80 ready serving"] });
  const other: ShortSlice = { ...fresh, slice: "n/c", endpoints: ["10.0.0.1 @n ready=no"] };
  for (const slices of [
    [other, fresh],
    [fresh, other],
  ])
    assert.deepEqual(read(slices, "n"), { "p/TCP": ["10.0.0.1:80 ready serving"] });
});
