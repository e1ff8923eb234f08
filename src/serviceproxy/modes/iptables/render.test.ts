import assert from "node:assert/strict";
import { test } from "node:test";
import { compileService } from "../../compile/compile.ts";
import { expandConfig, testNode } from "../../testing/iptables-fixture.ts";
import { expandService, expandSlice } from "../../testing/objects.ts";
import type { LocalTraffic } from "../local-traffic.ts";
import { renderRow } from "./render.ts";

const service = expandService({
  service: "shop/web",
  ip: "10.96.0.20",
  type: "NodePort",
  etp: "Local",
  ports: ["http/TCP 80 node 30080"],
});
const slice = expandSlice({ slice: "shop/web-1", of: "web", ports: ["http/TCP 8080"], endpoints: ["10.1.0.1"] });

/** Every way of telling Pods' traffic, as iptables matches it and its opposite. */
const cases: [local: LocalTraffic, pods: string, others: string][] = [
  [{ kind: "cidr", cidr: "10.0.0.0/8" }, "-s 10.0.0.0/8 ", "! -s 10.0.0.0/8 "],
  [{ kind: "bridge", name: "br0" }, "-i br0 ", "! -i br0 "],
  [{ kind: "prefix", prefix: "veth" }, "-i veth+ ", "! -i veth+ "],
];
for (const [localTraffic, pods, others] of cases)
  test(`Pods' traffic by ${localTraffic.kind}`, () => {
    const [row] = compileService(service, [slice], { ...testNode, families: [4] }).rows;
    const rules = [...renderRow(row!, { ...expandConfig({}), localTraffic }).chains.values()].flat();
    const toCluster = rules.filter((text) => text.startsWith(others) || text.includes(` ${others}`));
    assert.equal(toCluster.length, 1, "who is no Pod is masqueraded on the way to the cluster address");
    assert.match(toCluster[0]!, /-j KUBE-MARK-MASQ$/);
    const short = rules.filter((text) => text.startsWith(pods));
    assert.equal(short.length, 1, "Pods reach the whole Service by an external address");
    assert.match(short[0]!, /-j KUBE-SVC-/);
  });
