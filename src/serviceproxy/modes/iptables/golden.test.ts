/** The rules for given objects, against what kube-proxy 1.36 writes for them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import golden from "../../testing/golden.json" with { type: "json" };
import { expandConfig, IptablesFixture } from "../../testing/iptables-fixture.ts";
import { expandService, expandSlice, type ShortService, type ShortSlice } from "../../testing/objects.ts";
import ruleCounts from "../../testing/rule-counts.json" with { type: "json" };
import { type RulesModel, sortShared } from "../../testing/rules-model.ts";
import { chains, fixedRules } from "./base.ts";
import { isServiceChain } from "./names.ts";
import type { Rule } from "./rules.ts";

const config = expandConfig({ local: "10.0.0.0/8" });

type Expected = Record<"filter" | "nat", Record<string, Rule[]>>;

function assertRules(model: RulesModel, expected: Expected): void {
  for (const table of ["filter", "nat"] as const) {
    const actual = model.comparable(table);
    delete actual[chains.canary];
    const wanted: Record<string, Rule[]> = {};
    for (const chain of Object.keys(expected[table]).sort()) {
      // kube-proxy empties a chain that is no longer used and removes it later.
      const abandoned = isServiceChain(chain) && expected[table][chain]!.length === 0;
      if (!abandoned) wanted[chain] = sortShared(chain, expected[table][chain]!);
    }
    assert.deepEqual(actual, wanted);
  }
}

for (const { name, services, slices, expected } of golden.full)
  test(`golden rules: ${name}`, () => {
    const fixture = new IptablesFixture(config).add(services, slices);
    fixture.sync();
    assertRules(fixture.model, expected as unknown as Expected);
    assert.deepEqual(fixture.sync(), [], "a second sync finds nothing to write");
  });

test("golden rules for the source's own example", () => {
  const fixture = new IptablesFixture(config).add(
    [
      {
        service: "default/webapp1-nodeport-svc",
        ip: "10.103.188.73",
        type: "NodePort",
        ports: ["/TCP 80 node 30080"],
      },
    ],
    [
      {
        slice: "default/webapp1-nodeport-svc-x",
        of: "webapp1-nodeport-svc",
        ports: ["/TCP 80"],
        endpoints: ["10.32.0.3", "10.32.0.5"],
      },
    ],
  );
  fixture.sync();
  const nat = fixture.model.comparable("nat");
  const name = "default/webapp1-nodeport-svc:";
  assert.deepEqual(nat["KUBE-SVC-J2DWGRZTH4C2LPA4"], [
    `! -s 10.0.0.0/8 -d 10.103.188.73/32 -p tcp -m comment --comment "${name} cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ`,
    `-m comment --comment "${name} -> 10.32.0.3:80" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-YLXG4RMKAICGY2B3`,
    `-m comment --comment "${name} -> 10.32.0.5:80" -j KUBE-SEP-4CGFRVESQ3AECDE7`,
  ]);
  assert.deepEqual(nat["KUBE-SEP-YLXG4RMKAICGY2B3"], [
    `-s 10.32.0.3/32 -m comment --comment "${name}" -j KUBE-MARK-MASQ`,
    `-p tcp -m comment --comment "${name}" -m tcp -j DNAT --to-destination 10.32.0.3:80`,
  ]);
  assert.deepEqual(nat["KUBE-SEP-4CGFRVESQ3AECDE7"]?.length, 2);
  assert.deepEqual(nat["KUBE-NODEPORTS"], [
    `-p tcp -m comment --comment "${name}" -m tcp --dport 30080 -j KUBE-EXT-J2DWGRZTH4C2LPA4`,
  ]);
  assert.deepEqual(nat["KUBE-EXT-J2DWGRZTH4C2LPA4"], [
    `-m comment --comment "masquerade traffic for ${name} external destinations" -j KUBE-MARK-MASQ`,
    "-j KUBE-SVC-J2DWGRZTH4C2LPA4",
  ]);
});

type Event = ShortService | ShortSlice | { delete: string };

test("golden rules after a sequence of changes", () => {
  const fixture = new IptablesFixture(config);
  const known = new Map<string, ShortService>();
  for (const [step, { events, full }] of golden.sequence.entries()) {
    for (const event of events as unknown as Event[])
      if ("delete" in event) fixture.inputs.deleteService(expandService(known.get(event.delete)!));
      else if ("service" in event) {
        known.set(event.service, event);
        fixture.inputs.setService(expandService(event));
      } else fixture.inputs.setSlice(expandSlice(event));
    if (full) fixture.sync();
    else fixture.applyChanges();
    const fresh = fixture.restart();
    for (const table of ["filter", "nat"] as const)
      assert.deepEqual(fixture.model.comparable(table), fresh.model.comparable(table), `step ${step}`);
  }
  const { expected } = golden.sequence.at(-1)!;
  assertRules(fixture.model, expected as unknown as Expected);
});

for (const entry of golden.fixed)
  test(`${entry.chain} with ${JSON.stringify(entry.config)}`, () => {
    const {
      ipFamily,
      localhostNodePorts,
      nodePortAddresses = [],
      conntrackTCPLiberal,
      randomFully,
    } = entry.config as {
      ipFamily?: string;
      localhostNodePorts?: boolean;
      nodePortAddresses?: string[];
      conntrackTCPLiberal?: boolean;
      randomFully?: boolean;
    };
    const iptables = { localhostNodePorts, ...(nodePortAddresses.length > 0 ? { nodePortAddresses } : {}) };
    const family = ipFamily === "IPv6" ? { family: 6 as const } : {};
    const rules = fixedRules({
      ...expandConfig({ ...family, iptables }),
      dropInvalid: !conntrackTCPLiberal,
      randomFully: randomFully ?? false,
    });
    assert.deepEqual(rules[entry.table as "filter" | "nat"].get(entry.chain), entry.rules);
  });

test("packets that are dropped as invalid, and those to node ports on localhost, are counted where the kernel can", () => {
  const counting = { ...config, counters: true };
  assert.equal(
    fixedRules(counting).filter.get("KUBE-FORWARD")?.[0],
    "-m conntrack --ctstate INVALID -m nfacct --nfacct-name ct_state_invalid_dropped_pkts -j DROP",
  );
  const fixture = new IptablesFixture(counting).add(
    [{ service: "ns2/svc2", ip: "172.30.0.42", type: "NodePort", ports: ["p80/TCP 80 node 3001"] }],
    [{ slice: "ns2/svc2-1", of: "svc2", ports: ["p80/TCP 80"], endpoints: ["10.180.0.2"] }],
  );
  fixture.sync();
  const text = '-p tcp -m comment --comment "ns2/svc2:p80" -m tcp --dport 3001';
  assert.deepEqual(fixture.model.tables.nat.get("KUBE-NODEPORTS"), [
    `-d 127.0.0.0/8 ${text} -m nfacct --nfacct-name localhost_nps_accepted_pkts -j KUBE-EXT-GNZBNJ2PO5MGZ6GT`,
    `${text} -j KUBE-EXT-GNZBNJ2PO5MGZ6GT`,
  ]);
  // Counting that begins later comes to stand in front all the same.
  const later = new IptablesFixture(counting);
  for (const table of ["filter", "nat"] as const)
    for (const [chain, rules] of fixture.model.tables[table])
      later.model.tables[table].set(
        chain,
        rules.filter((rule) => !rule.includes("-m nfacct")),
      );
  later.table.setUnit("ns2/svc2", [...fixture.table.rows()]);
  later.sync();
  assert.deepEqual(later.model.tables.nat.get("KUBE-NODEPORTS"), fixture.model.tables.nat.get("KUBE-NODEPORTS"));
});

for (const [type, services, endpoints, filter, nat] of ruleCounts.cases as [string, number, number, number, number][])
  test(`${services} ${type} Services of ${endpoints} endpoints are ${filter} filter and ${nat} nat rules`, () => {
    const fixture = new IptablesFixture(config);
    const balanced = { external: ["1.2.3.5"], balancer: ["1.2.3.4"], ranges: [" 1.2.3.4/28"] };
    for (let i = 0; i < services; i += 1)
      fixture.add(
        [
          {
            service: `namespace/svc${i}`,
            ip: `10.0.0.${i + 1}`,
            type,
            ports: [`8080/TCP ${80 + i}${type === "ClusterIP" ? "" : ` node ${30_000 + i}`}`],
            ...(type === "LoadBalancer" ? balanced : {}),
          },
        ],
        [
          {
            slice: `namespace/svc${i}`,
            of: `svc${i}`,
            ports: ["8080/TCP 8080"],
            endpoints: Array.from({ length: endpoints }, (_, j) => `172.16.0.${j + 1}`),
          },
        ],
      );
    fixture.sync();
    const count = (table: "filter" | "nat") =>
      Object.entries(fixture.model.comparable(table))
        .filter(([chain]) => chain !== chains.canary)
        .reduce((sum, [, rules]) => sum + rules.length, 0);
    // One of kube-proxy's rules for a node port counts packets to localhost; where its kernel module is missing it is left out, as here.
    const counters = type === "ClusterIP" || endpoints === 0 ? 0 : services;
    assert.deepEqual([count("filter"), count("nat") + counters], [filter, nat]);
  });
