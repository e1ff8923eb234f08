import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  configKey,
  dnsLabel,
  dnsLabel1035,
  dnsSubdomain,
  environmentName,
  pathSegment,
  portName,
  wildcardSubdomain,
} from "./names.ts";

const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const label1035 =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const wildcard =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const key =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const variable = "a valid environment variable name must consist only of printable ASCII characters other than '='";

const formats: [string, (name: string) => string[], [string, string[]][]][] = [
  [
    "RFC 1123 label",
    dnsLabel,
    [
      ["a-1", []],
      ["1a", []],
      ["a".repeat(63), []],
      ["a".repeat(64), ["must be no more than 63 bytes"]],
      ["A", [label]],
      ["-a", [label]],
      ["a.b", [label]],
      ["a\n", [label]],
    ],
  ],
  [
    "RFC 1123 subdomain",
    dnsSubdomain,
    [
      ["a.b-c.1", []],
      ["a".repeat(254), ["must be no more than 253 bytes"]],
      ["a..b", [subdomain]],
      ["a_b", [subdomain]],
      [".a", [subdomain]],
    ],
  ],
  [
    "RFC 1035 label",
    dnsLabel1035,
    [
      ["web-1", []],
      ["1web", [label1035]],
      ["web-", [label1035]],
    ],
  ],
  [
    "wildcard",
    wildcardSubdomain,
    [
      ["*.a.b", []],
      ["*", [wildcard]],
      ["a.*", [wildcard]],
    ],
  ],
  [
    "path segment",
    pathSegment,
    [
      ["system:node:a", []],
      ["..", ["may not be '..'"]],
      ["a/b%", ["may not contain '/'", "may not contain '%'"]],
    ],
  ],
  [
    "port name",
    portName,
    [
      ["http-2", []],
      ["a".repeat(16), ["must be no more than 15 bytes"]],
      ["80", ["must contain at least one letter (a-z)"]],
      ["a--b", ["must not contain consecutive hyphens"]],
      ["-a", ["must not begin or end with a hyphen"]],
      [
        "A",
        [
          "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
          "must contain at least one letter (a-z)",
        ],
      ],
    ],
  ],
  [
    "config key",
    configKey,
    [
      ["a.b_C-1", []],
      ["a/b", [key]],
      ["..", ["must not be '..'"]],
      ["..a", ["must not start with '..'"]],
    ],
  ],
  [
    "environment variable",
    environmentName,
    [
      ["A_B.c-1", []],
      ["1", []],
      ["a=b", [variable]],
      ["é", [variable]],
    ],
  ],
];

for (const [title, check, cases] of formats) {
  describe(title, () => {
    for (const [name, problems] of cases) {
      test(JSON.stringify(name.slice(0, 20)), () => assert.deepEqual(check(name), problems));
    }
  });
}

test("a long hostile name costs no time", () => {
  // Fails by the test runner's timeout if an expression backtracks without bound.
  const names = ["a".repeat(200_000), `${"a.".repeat(100_000)}!`, `${"a-".repeat(100_000)}!`];
  for (const [, check] of formats) for (const name of names) assert.ok(check(name).length >= 0);
});
