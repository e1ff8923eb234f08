import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { WorldStatus } from "../../src/cluster/supervisor/protocol.ts";
import { run } from "../../src/linux/command.ts";
import { eventually, exampleManifest, get, startCluster } from "../support/cluster.ts";

const name = "six-off";
const setIPv6 = (off: "0" | "1") => writeFile("/proc/sys/net/ipv6/conf/all/disable_ipv6", off);
let data: string;

before(async () => {
  data = await mkdtemp(join(tmpdir(), "fairway-ipv6-"));
  await run("ip", ["link", "set", "lo", "up"]);
});
after(() => rm(data, { recursive: true, force: true }));

test("with IPv6 off there is a line that says so, and IPv4 alone; with it on again, what is stored becomes dual-stack", async () => {
  await setIPv6("1");
  let cluster = await startCluster(name, "--nodes", "1", "--data", data, "-f", exampleManifest);
  try {
    assert.match(cluster.boot, /^IPv4 only: the sysctl net\.ipv6\.conf\.default\.disable_ipv6 turns IPv6 off\.$/m);
    const status = async () => JSON.parse(await cluster.fairway("status", "--json")) as WorldStatus;
    assert.equal((await status()).ipv6, undefined);
    const [single] = await cluster.nodes();
    assert.equal(single?.ipv6, undefined);
    const patch = (policy: string) => {
      const change = JSON.stringify({ spec: { ipFamilyPolicy: policy } });
      return cluster.kubectl("patch", "svc", "webapp1-nodeport-svc", "--type", "merge", "-p", change);
    };
    await assert.rejects(patch("RequireDualStack"), /this cluster is not configured for dual-stack services/);
    await patch("PreferDualStack");
    assert.equal((await get(`http://${single?.address}:30080/`)).status, 200);
    await cluster.stop();

    await setIPv6("0");
    cluster = await startCluster(name, "--nodes", "1", "--data", data);
    // What the Node said last time is there at once.
    const dual = await eventually("the node has an IPv6 address", 30, async () =>
      (await cluster.nodes()).find(({ ipv6 }) => ipv6),
    );
    assert.deepEqual([dual.name, dual.address], [single?.name, single?.address]);
    assert.match(dual.ipv6 ?? "", /^fd00:198:1[89]:/);
    await eventually("the node has a range of each family", 30, async () => {
      const podCIDRs = await cluster.kubectl("get", "node", "-o", "jsonpath={.items[*].spec.podCIDRs}");
      return podCIDRs.trim() === '["10.32.0.0/22","fd00:10:32::/64"]' ? true : undefined;
    });
    const families = () =>
      cluster.kubectl("get", "svc", "webapp1-nodeport-svc", "-o", "jsonpath={.spec.ipFamilies[*]}");
    assert.equal(await families(), "IPv4", "nothing changes unasked");
    await patch("RequireDualStack");
    assert.equal(await families(), "IPv4 IPv6");
    await eventually("it answers by IPv6", 30, async () => {
      const { status } = await get(`http://[${dual.ipv6}]:30080/`);
      return status === 200 ? true : undefined;
    });
  } finally {
    await cluster.stop().catch(() => {});
  }
});
