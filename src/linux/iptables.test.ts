import assert from "node:assert/strict";
import { test } from "node:test";
import { checkReadable, isVersionAtLeast, parseIptablesVersion } from "./iptables.ts";

test("versions and backends are read from what the tool prints", () => {
  assert.deepEqual(parseIptablesVersion("iptables v1.8.9 (nf_tables)\n"), { text: "1.8.9", backend: "nft" });
  assert.deepEqual(parseIptablesVersion("ip6tables v1.8.9 (legacy)\n"), { text: "1.8.9", backend: "legacy" });
  assert.deepEqual(parseIptablesVersion("iptables v1.6.2\n"), { text: "1.6.2", backend: "legacy" });
  assert.throws(() => parseIptablesVersion("busybox"), /printed something unknown: "busybox"/);
});

test("versions are compared by number", () => {
  const table: [string, string, boolean][] = [
    ["1.8.9", "1.6.2", true],
    ["1.6.2", "1.6.2", true],
    ["1.6.1", "1.6.2", false],
    ["1.10.0", "1.9.9", true],
    ["2.0.0", "1.6.2", true],
    ["1.4.21", "1.6.2", false],
  ];
  for (const [version, least, expected] of table) assert.equal(isVersionAtLeast(version, least), expected, version);
});

test("a table that iptables cannot read is no empty one", () => {
  const print = (...names: string[]) =>
    names.map((name) => `# Table \`${name}' is incompatible, use 'nft' tool.\n`).join("");
  const nat = "*nat\n:KUBE-SERVICES - [0:0]\nCOMMIT\n";
  assert.throws(() => checkReadable(`${nat}${print("mangle")}`, 4), /table ip mangle: .*"nft -a list table ip mangle"/);
  assert.throws(() => checkReadable(print("raw", "filter", "nat"), 6), /table ip6 filter and ip6 nat: /);
  checkReadable(`${print("raw", "security")}${nat}`, 4);
  checkReadable("", 4);
});
