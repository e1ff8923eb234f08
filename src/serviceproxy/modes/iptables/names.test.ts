import assert from "node:assert/strict";
import { test } from "node:test";
import type { Protocol } from "../../table.ts";
import vectors from "../../testing/names.json" with { type: "json" };
import { chainNames, isServiceChain } from "./names.ts";

for (const [name, protocol, endpoint, chain] of vectors as [string, Protocol, string, string][])
  test(`${name} ${protocol} ${endpoint} is ${chain}`, () => {
    const names = chainNames({ name, protocol });
    const [address = "", port] = endpoint.split(":");
    const all: string[] = [names.cluster, names.local, names.external, names.firewall];
    if (endpoint !== "") all.push(names.endpoint({ address, port: Number(port) }));
    assert.ok(all.includes(chain), `${chain} is none of ${all}`);
    assert.equal(isServiceChain(chain), true);
  });

test("chains of others are not taken for a service port's", () => {
  for (const chain of [
    "KUBE-SERVICES",
    "KUBE-SVC-",
    "KUBE-SVC-J2DWGRZTH4C2LPA4X",
    "KUBE-SVC-j2dwgrzth4c2lpa4",
    "DOCKER",
  ])
    assert.equal(isServiceChain(chain), false, chain);
});
