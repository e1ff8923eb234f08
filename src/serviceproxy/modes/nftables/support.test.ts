import assert from "node:assert/strict";
import { test } from "node:test";
import { missingSupport } from "./support.ts";

const good = "nftables v1.0.6 (Lester Gooch #5)\n";
const table: [kernel: string, nft: string, env: NodeJS.ProcessEnv, expected: RegExp | undefined][] = [
  ["6.1.0-26-amd64", good, {}, undefined],
  ["5.13", good, {}, undefined],
  [
    "5.10.0-30-amd64",
    good,
    {},
    /^the kernel is 5\.10\.0-30-amd64; the nftables mode needs 5\.13 or newer: use --proxy-mode/,
  ],
  ["5.4.17", good, { KUBE_PROXY_NFTABLES_SKIP_KERNEL_VERSION_CHECK: "1" }, undefined],
  ["6.1.0", "nftables v0.9.8 (E.D.S.)", {}, /^nft is nftables v0\.9\.8 \(E\.D\.S\.\); .* 1\.0\.1 or newer$/],
  ["6.1.0", "segmentation fault", {}, /needs version 1\.0\.1/],
];
for (const [kernel, nft, env, expected] of table)
  test(`Linux ${kernel} and ${nft.trim()}: ${expected === undefined ? "good enough" : "said what is missing"}`, () => {
    const missing = missingSupport(kernel, nft, env);
    if (expected === undefined) assert.equal(missing, undefined);
    else assert.match(missing ?? "", expected);
  });
