import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { endpointSlice } from "./endpoint-slice.ts";
import { created, problemsOfCreate, problemsOfUpdate } from "./testing.ts";

const one = { addresses: ["10.32.0.3"] };

describe("create", () => {
  const cases: [string, object, string[]][] = [
    ["a good one", { addressType: "IPv4", endpoints: [one], ports: [{ port: 80 }] }, []],
    ["nothing", {}, ["addressType: Required value"]],
    [
      "an unknown type",
      { addressType: "IPX", endpoints: [] },
      ['addressType: Unsupported value: "IPX": supported values: "FQDN", "IPv4", "IPv6"'],
    ],
    [
      "an endpoint without addresses",
      { addressType: "IPv4", endpoints: [{}] },
      ["endpoints[0].addresses: Required value: must contain at least 1 address"],
    ],
    [
      "addresses of another family",
      { addressType: "IPv4", endpoints: [{ addresses: ["fd00::1"] }] },
      ['endpoints[0].addresses[0]: Invalid value: "fd00::1": must be a valid IPv4 address'],
    ],
    [
      "an address on the link",
      { addressType: "IPv4", endpoints: [{ addresses: ["169.254.1.1"] }] },
      [
        'endpoints[0].addresses[0]: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
      ],
    ],
    [
      "too many endpoints",
      { addressType: "IPv4", endpoints: Array.from({ length: 1001 }, () => one) },
      ["endpoints: Too many: 1001: must have at most 1000 items"],
    ],
    [
      "too many addresses",
      { addressType: "IPv4", endpoints: [{ addresses: Array.from({ length: 101 }, (_, index) => `10.0.0.${index}`) }] },
      ["endpoints[0].addresses: Too many: 101: must have at most 100 items"],
    ],
    [
      "ports with one name",
      { addressType: "IPv4", endpoints: [], ports: [{ port: 80 }, { port: 81 }] },
      ['ports[1].name: Duplicate value: ""'],
    ],
    [
      "an unknown protocol",
      { addressType: "IPv4", endpoints: [], ports: [{ protocol: "ICMP" }] },
      ['ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"'],
    ],
    [
      "a hint twice",
      {
        addressType: "IPv4",
        endpoints: [{ ...one, hints: { forZones: [{ name: "a" }, { name: "a" }] } }],
      },
      ['endpoints[0].hints.forZones[1].name: Duplicate value: "a"'],
    ],
    [
      "a short name of the whole world",
      { addressType: "FQDN", endpoints: [{ addresses: ["localhost"] }] },
      [
        'endpoints[0].addresses[0]: Invalid value: "localhost": should be a domain with at least two segments separated by dots',
      ],
    ],
  ];
  for (const [title, body, problems] of cases) {
    test(title, () => assert.deepEqual(problemsOfCreate(endpointSlice, body), problems));
  }
});

test("the address type stays", () => {
  const problems = problemsOfUpdate(
    endpointSlice,
    { addressType: "IPv4", endpoints: [] },
    { addressType: "IPv6", endpoints: [] },
  );
  assert.deepEqual(problems, ['addressType: Invalid value: "IPv6": field is immutable']);
});

test("row", () => {
  const endpoints = ["10.32.0.1", "10.32.0.2", "10.32.0.3", "10.32.0.4"].map((address) => ({ addresses: [address] }));
  const body = { metadata: { name: "web-x" }, addressType: "IPv4", endpoints, ports: [{ port: 80 }, { name: "any" }] };
  assert.deepEqual(endpointSlice.row(created(endpointSlice, body), 0), [
    "web-x",
    "IPv4",
    "80,*",
    "10.32.0.1,10.32.0.2,10.32.0.3 + 1 more...",
    "<unknown>",
  ]);
});
