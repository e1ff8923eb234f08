import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { endpoints } from "./endpoints.ts";
import { created, problemsOfCreate } from "./testing.ts";

describe("create", () => {
  const addresses = [{ ip: "10.32.0.3" }];
  const cases: [string, object, string[]][] = [
    ["a good one", { addresses, ports: [{ port: 80 }] }, []],
    ["nothing", {}, ["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"]],
    [
      "bad addresses",
      { addresses: [{ ip: "x" }, { ip: "127.0.0.1" }] },
      [
        'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        'subsets[0].addresses[1].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      ],
    ],
    [
      "ports without names",
      { addresses, ports: [{ port: 80 }, { name: "b", port: 0 }] },
      [
        "subsets[0].ports[0].name: Required value",
        "subsets[0].ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive",
      ],
    ],
  ];
  for (const [title, subset, problems] of cases) {
    test(title, () => assert.deepEqual(problemsOfCreate(endpoints, { subsets: [subset] }), problems));
  }
});

test("row", () => {
  const addresses = [1, 2, 3, 4].map((index) => ({ ip: `10.32.0.${index}` }));
  const object = created(endpoints, { metadata: { name: "web" }, subsets: [{ addresses, ports: [{ port: 80 }] }] });
  assert.deepEqual(endpoints.row(object, 0), [
    "web",
    "10.32.0.1:80,10.32.0.2:80,10.32.0.3:80 + 1 more...",
    "<unknown>",
  ]);
  assert.deepEqual(endpoints.row({ metadata: { name: "web" } }, 0), ["web", "<none>", "<unknown>"]);
});
