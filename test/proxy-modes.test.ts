/**
 * The modes of the embedded cluster's proxies: mixed in one cluster, and changed on one that runs while clients ask. Between kernel modes nothing
 * fails and no connection ends; leaving the userspace mode ends what went through its sockets.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { hostPaths } from "../src/cluster/config.ts";
import type { MachineStatus } from "../src/cluster/supervisor/protocol.ts";
import { eventually, exampleManifest, get, startCluster, type TestCluster } from "./support/cluster.ts";
import { type Established, establish, UdpFlow, whileAskingAll } from "./support/load.ts";
import { commandLine, descendants, partOf } from "./support/processes.ts";

const name = "modes";
const port = 30_080;
const udpPort = 30_081;

const labels = { app: "datagrams" };
const datagrams = [
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "datagrams", labels },
    spec: {
      containers: [{ name: "netexec", image: "registry.k8s.io/e2e-test-images/agnhost", args: ["netexec"] }],
    },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "datagrams" },
    spec: {
      type: "NodePort",
      selector: labels,
      ports: [{ protocol: "UDP", port: 53, targetPort: 8081, nodePort: udpPort }],
    },
  },
];

describe("modes of the proxies", () => {
  let data: string;
  let cluster: TestCluster;
  /** Of node1, node2 and node3, in that order. */
  let addresses: string[];
  const up = (...args: string[]) => startCluster(name, "--nodes", "3", "--data", data, "-f", exampleManifest, ...args);

  before(async () => {
    data = await mkdtemp(join(tmpdir(), "fairway-modes-"));
    cluster = await up("--proxy-mode", "iptables,node2=nftables,node3=userspace");
    addresses = (await cluster.nodes()).map(({ address }) => address);
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: datagrams });
    await cluster.kubectlWithInput(list, "apply", "-f", "-");
    await cluster.kubectl("wait", "--for=condition=Ready", "pod/datagrams", "--timeout=60s");
  });
  after(async () => {
    await cluster?.stop().catch(() => {});
    await rm(data, { recursive: true, force: true });
  });

  const nodes = async () => JSON.parse(await cluster.fairway("node", "list", "--json")) as MachineStatus[];
  const modes = async () => (await nodes()).map(({ proxyMode }) => proxyMode);
  const change = (mode: string, ...nodes: string[]) => cluster.fairway("node", "proxy-mode", mode, ...nodes);
  const failure = async (work: Promise<unknown>) =>
    work.then(
      () => assert.fail("it did not fail"),
      (error: Error) => error.message,
    );
  const answers = (address: string) =>
    eventually(`${address} answers`, 30, async () =>
      (await get(`http://${address}:${port}/`)).status === 200 ? true : undefined,
    );
  const underLoad = (during: () => Promise<unknown>) =>
    whileAskingAll(
      addresses.map((address) => `http://${address}:${port}/`),
      5_000,
      during,
    );

  /** The modes whose traces the kernel has on a node. KUBE-FIREWALL stays (iptables/plan.ts). */
  async function traces(node: string): Promise<string[]> {
    const [rules, tables, loopback] = await Promise.all([
      cluster.onNode(node, "sh", "-c", "iptables-save; ip6tables-save"),
      cluster.onNode(node, "nft", "list", "tables"),
      cluster.onNode(node, "ip", "-4", "address", "show", "dev", "lo"),
    ]);
    const sockets = loopback.includes("169.254.98.114");
    return [
      ...(/^:KUBE-(?!FIREWALL )/m.test(rules)
        ? [sockets ? "userspace" : "iptables"]
        : sockets
          ? ["the sockets' address"]
          : []),
      ...(tables.includes("fairway-proxy") ? ["nftables"] : []),
    ];
  }

  /** The host's process ids of the proxies on a node. */
  async function proxies(node: string): Promise<number[]> {
    const { pid } = JSON.parse(await readFile(hostPaths(name).info, "utf8")) as { pid: number };
    return descendants(pid).filter((process) => partOf(process) === "proxy" && commandLine(process).includes(node));
  }

  test("each node is in the mode that it was given, and all serve the same Services", async () => {
    assert.deepEqual(await modes(), ["iptables", "nftables", "userspace"]);
    for (const [index, mode] of ["iptables", "nftables", "userspace"].entries()) {
      await answers(addresses[index]!);
      assert.deepEqual(await traces(`node${index + 1}`), [mode]);
    }
    assert.match(await cluster.fairway("status"), /^node3 +\S+ +running +Ready +userspace +3 of 3 run$/m);
  });

  test("a node that is added later gets the usual mode, or its own", async () => {
    await cluster.fairway("node", "add", "usual");
    await cluster.fairway("node", "add", "own", "--proxy-mode", "nftables");
    assert.deepEqual((await modes()).slice(3), ["iptables", "nftables"]);
    for (const { address } of (await nodes()).slice(3)) await answers(address);
    assert.deepEqual([await traces("usual"), await traces("own")], [["iptables"], ["nftables"]]);
    for (const node of ["usual", "own"]) await cluster.fairway("node", "remove", node);
  });

  test("what cannot be done is refused, and says why", async () => {
    assert.match(await failure(change("ip_tables", "node1")), /"ip_tables" is none of iptables, /);
    assert.match(await failure(change("nftables")), /give the names of nodes, or --all/);
    assert.match(await failure(change("nftables", "node9")), /there is no node "node9"; there are node1, node2, node3/);
    assert.match(await failure(cluster.fairway("node", "add", "x", "--proxy-mode", "no")), /"no" is none of/);
    assert.match(
      await failure(startCluster("modes-two", "--nodes", "1", "--proxy-mode", "node2=nftables")),
      /--proxy-mode: there is no node "node2"; there are node1/,
    );
    assert.deepEqual(await modes(), ["iptables", "nftables", "userspace"]);
  });

  test("from kernel mode to kernel mode, node by node under load: no request fails, no connection or flow ends", async () => {
    await change("iptables", "--all");
    const connections = await Promise.all(addresses.map((address) => establish(address, port)));
    const flows = addresses.map((address) => new UdpFlow(address, udpPort, "hostname"));
    try {
      for (const mode of ["nftables", "iptables"]) {
        const loads = await underLoad(async () => {
          const told = await change(mode, "--all");
          assert.equal(told.match(/^node\d: \w+ -> \w+ after [\d.]+ s$/gm)?.length, 3, told);
          for (const connection of connections) assert.equal(await connection.ask(), 200);
          await sleep(500);
        });
        for (const { errors, answered } of loads) {
          assert.deepEqual(errors, []);
          assert.ok(answered > 5, `${answered} requests were answered`);
        }
        for (const node of ["node1", "node2", "node3"]) assert.deepEqual(await traces(node), [mode], node);
      }
    } finally {
      for (const connection of connections) connection.close();
      await Promise.all(flows.map((flow) => flow.close()));
    }
    for (const { lost, answered, answers } of flows)
      assert.deepEqual([lost, answered > 20, [...answers]], [0, true, ["datagrams"]]);
  });

  test("to the userspace mode no request fails; leaving it ends what went through it, and nothing else", async () => {
    const older = await establish(addresses[0]!, port);
    let newer: Established | undefined;
    const left = { from: 0, to: 0 };
    const loads = await underLoad(async () => {
      await change("userspace", "node1");
      assert.deepEqual(await traces("node1"), ["userspace"]);
      assert.equal(await older.ask(), 200, "a connection that the kernel translates goes on");
      newer = await establish(addresses[0]!, port);
      assert.equal(await newer.ask(), 200);
      await sleep(500);
      left.from = Date.now();
      await change("iptables", "node1");
      left.to = Date.now();
      await sleep(500);
    });
    // The requests that were on their way when the sockets closed, and those that came before the rules led elsewhere.
    const errors = loads.flatMap((load) => load.errors);
    const patience = 5_000;
    for (const { began, what } of errors)
      assert.ok(began > left.from - patience && began < left.to, `${what} at ${began - left.from}`);
    assert.deepEqual(await traces("node1"), ["iptables"]);
    assert.equal(await older.ask(), 200);
    await assert.rejects(newer!.ask());
    older.close();
  });

  test("kill -9 of the old or the new proxy at any point of a change: nothing fails, and the node ends in one mode", async () => {
    const rounds = [
      { victim: "new", wait: 0 },
      { victim: "new", wait: 400 },
      { victim: "old", wait: 200 },
      { victim: "new", wait: 800 },
    ];
    for (const { victim, wait } of rounds) {
      const [before] = await modes();
      const wanted = before === "iptables" ? "nftables" : "iptables";
      const [old = 0] = await proxies("node1");
      let refusal = "";
      const loads = await underLoad(async () => {
        const changing = change(wanted, "node1").catch((error: Error) => {
          refusal = error.message;
        });
        const successor = await eventually("a successor is there", 30, async () =>
          (await proxies("node1")).find((pid) => pid !== old),
        );
        await sleep(wait);
        try {
          process.kill(victim === "new" ? successor : old, "SIGKILL");
        } catch {
          // The old one has been replaced meanwhile.
        }
        await changing;
        await sleep(500);
      });
      assert.deepEqual(
        loads.flatMap(({ errors }) => errors),
        [],
        `${victim} killed after ${wait} ms`,
      );
      const [mode] = await modes();
      if (refusal === "") assert.equal(mode, wanted);
      else {
        assert.match(refusal, /^.*node1 stays in \w+: its proxy cannot start in \w+ \(SIGKILL\)$/m);
        assert.equal(mode, before);
      }
      await eventually(`node1 is in ${mode} only`, 30, async () =>
        (await traces("node1")).join() === mode ? true : undefined,
      );
    }
  });

  test("a mode that a node cannot start is refused with the reason, and what worked goes on", async () => {
    await change("iptables", "node1");
    await change("nftables", "node2");
    const nft = (await cluster.onNode("node1", "sh", "-c", "readlink -f $(command -v nft)")).trim();
    for (const node of ["node1", "node2"]) await cluster.onNode(node, "mount", "--bind", "/bin/false", nft);
    const loads = await underLoad(async () => {
      const said = await failure(change("nftables", "node1"));
      assert.match(
        said,
        /node1 stays in iptables: its proxy cannot start in nftables \(exit status 1: nft cannot be run/,
      );
      // One that ran already and comes back finds it broken: its rules stay, and the status tells what is wrong.
      for (const pid of await proxies("node2")) process.kill(pid, "SIGKILL");
      await eventually("the status says why", 30, async () =>
        /^node2: proxy .*\(exit status 1: nft cannot be run; install the package "nftables"/m.test(
          await cluster.fairway("status"),
        )
          ? true
          : undefined,
      );
      await cluster.onNode("node2", "umount", nft);
      await eventually("it is back", 30, async () =>
        (await nodes())[1]!.parts.every(({ state }) => state === "running") ? true : undefined,
      );
    });
    await cluster.onNode("node1", "umount", nft);
    assert.deepEqual(
      loads.flatMap(({ errors }) => errors),
      [],
    );
    assert.deepEqual((await modes()).slice(0, 2), ["iptables", "nftables"]);
    assert.deepEqual(await traces("node1"), ["iptables"]);
  });

  test("a mode outlives the proxy, the node and the cluster", async () => {
    await Promise.all([change("nftables", "node1"), change("iptables", "node2"), change("userspace", "node3")]);
    for (const pid of await proxies("node2")) process.kill(pid, "SIGKILL");
    await cluster.fairway("node", "stop", "node3");
    const changed = JSON.parse(await change("nftables", "node3", "--json")) as object[];
    assert.deepEqual(
      changed.map((change) => ({ ...change, milliseconds: 0 })),
      [{ node: "node3", from: "userspace", to: "nftables", running: false, milliseconds: 0 }],
    );
    await cluster.fairway("node", "start", "node3");
    const all = ["nftables", "iptables", "nftables"];
    const settled = () =>
      eventually("every node has its mode's rules", 60, async () => {
        const found = await Promise.all(["node1", "node2", "node3"].map(traces));
        return found.join() === all.join() ? true : undefined;
      });
    await settled();
    await cluster.stop();
    cluster = await up();
    assert.deepEqual(await modes(), all);
    await settled();
    await cluster.stop();
    cluster = await up("--proxy-mode", "nftables");
    assert.deepEqual(await modes(), ["nftables", "nftables", "nftables"]);
  });
});
