/** kill -9 of any process, at any time: a part is back within a second, Pods and flows go on, nothing acknowledged is lost, nothing is left. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { hostPaths } from "../src/cluster/config.ts";
import { run } from "../src/linux/command.ts";
import { eventually, exampleManifest, get, startCluster, type TestCluster } from "./support/cluster.ts";
import { establish, whileAsking } from "./support/load.ts";
import { commandLine, descendants, fromInnerPid, partOf } from "./support/processes.ts";

describe("faults", () => {
  const name = "faults";
  let cluster: TestCluster;
  let addresses: string[];
  /** The host's process ids of one of the cluster's parts, on all nodes. */
  const processes = async (part: string) => {
    const { pid } = JSON.parse(await readFile(hostPaths(name).info, "utf8")) as { pid: number };
    return descendants(pid).filter((descendant) => partOf(descendant) === part);
  };

  before(async () => {
    cluster = await startCluster(name, "--nodes", "2", "-f", exampleManifest);
    addresses = (await cluster.nodes()).map(({ address }) => address);
  });
  after(async () => {
    await cluster?.stop().catch(() => {});
  });

  const load = (during: () => Promise<unknown>) => whileAsking(`http://${addresses[0]}:30080/`, 2_000, during);

  /** An established connection through the NodePort that must outlive what happens in the meantime. */
  const established = () => establish(addresses[0]!, 30_080);

  const ruleCount = async (node: string) =>
    (await cluster.onNode(node, "iptables-save", "-t", "nat")).match(/^-A KUBE-.*$/gm)?.length;
  const restarts = async () =>
    (
      await cluster.kubectl("get", "pods", "-o", "jsonpath={.items[*].status.containerStatuses[*].restartCount}")
    ).trim();

  for (const role of ["apiserver", "agent", "proxy"]) {
    test(`kill -9 of the ${role}: back at once, Pods and flows go on`, async () => {
      const before = await processes(role);
      assert.ok(before.length > 0, `no process of ${role}`);
      const countBefore = await restarts();
      const connection = await established();
      assert.equal(await connection.ask(), 200);
      const { errors, answered } = await load(async () => {
        for (const pid of before) process.kill(pid, "SIGKILL");
        await eventually(`${role} is back`, 5, async () => {
          const now = (await processes(role)).filter((pid) => !before.includes(pid));
          return now.length >= before.length ? now : undefined;
        });
        await new Promise((resolve) => setTimeout(resolve, 2_000));
      });
      assert.deepEqual(errors, []);
      assert.ok(answered > 10);
      assert.equal(await connection.ask(), 200);
      connection.close();
      await eventually("the API answers and the nodes are Ready", 15, async () => {
        const nodes = await cluster.kubectl("get", "nodes", "--no-headers");
        return nodes
          .trim()
          .split("\n")
          .every((line) => / Ready /.test(line))
          ? true
          : undefined;
      });
      assert.equal(await restarts(), countBefore, "a container was restarted");
    });
  }

  test("kill -9 of a demo server: new connections wait for the next one, and no container is restarted", async () => {
    const countBefore = await restarts();
    const before = await processes("demo-server");
    let killed = 0;
    const { errors, answered } = await whileAsking(`http://${addresses[0]}:30080/`, 10_000, async () => {
      killed = Date.now();
      for (const pid of before) process.kill(pid, "SIGKILL");
      await eventually("both Pods answer again", 15, async () => {
        const hosts = new Set<string>();
        for (let n = 0; n < 20; n += 1) hosts.add((await get(`http://${addresses[1]}:30080/`, 10_000)).body);
        return hosts.size === 2 ? true : undefined;
      });
    });
    assert.ok(answered > 0);
    // A request under way may have been cut.
    assert.deepEqual(
      errors.filter(({ began }) => began > killed),
      [],
    );
    assert.equal(await restarts(), countBefore, "a container was restarted");
  });

  test("kill -9 of a node's init: the node is made again under its name", async () => {
    const [first] = await cluster.nodes();
    const listed = JSON.parse(await cluster.fairway("node", "list", "--json")) as { name: string; pid: number }[];
    const world = JSON.parse(await readFile(hostPaths(name).info, "utf8")) as { pid: number };
    const init = listed.find((node) => node.name === first!.name)?.pid ?? 0;
    const pid = fromInnerPid(descendants(world.pid), init);
    assert.ok(pid, "node list --json tells the process id of a node's init");
    process.kill(pid, "SIGKILL");
    await eventually("the node has its rules again", 30, async () =>
      commandLine(pid).length === 0 && ((await ruleCount(first!.name)) ?? 0) > 20 ? true : undefined,
    );
    await eventually("the node answers on its port again", 30, async () => {
      const answer = await get(`http://${first!.address}:30080/`);
      return answer.status === 200 ? true : undefined;
    });
  });

  test("an API server that is frozen, and one whose packets are dropped, cost no connection and no rule", async () => {
    const before = await ruleCount("node1");
    const [server = 0] = await processes("apiserver");
    const connection = await established();
    const freeze = async () => {
      process.kill(server, "SIGSTOP");
      await new Promise((resolve) => setTimeout(resolve, 12_000));
    };
    try {
      const { errors } = await load(freeze);
      assert.deepEqual(errors, []);
      assert.equal(await ruleCount("node1"), before);
    } finally {
      process.kill(server, "SIGCONT");
    }
    const drop = ["iptables", "-I", "OUTPUT", "-p", "tcp", "--dport", "6443", "-j", "DROP"];
    for (const { name: node } of await cluster.nodes()) await cluster.onNode(node, ...drop);
    try {
      const { errors } = await load(() => new Promise((resolve) => setTimeout(resolve, 12_000)));
      assert.deepEqual(errors, []);
    } finally {
      drop[1] = "-D";
      for (const node of ["node1", "node2"]) await cluster.onNode(node, ...drop);
    }
    assert.equal(await connection.ask(), 200);
    connection.close();
    await eventually("the nodes are Ready again", 30, async () => {
      const nodes = await cluster.kubectl("get", "nodes", "--no-headers");
      return nodes
        .trim()
        .split("\n")
        .every((line) => / Ready /.test(line))
        ? true
        : undefined;
    });
    await cluster.kubectl("scale", "deployment/webapp1-nodeport-deployment", "--replicas=3");
    await eventually("changes flow again", 30, async () => {
      const hosts = new Set<string>();
      for (let n = 0; n < 30; n += 1) hosts.add((await get(`http://${addresses[0]}:30080/`)).body);
      return hosts.size === 3 ? true : undefined;
    });
  });

  test("a second up of the same cluster says so and changes nothing", async () => {
    const error = await cluster.fairway("up").then(
      () => undefined,
      (caught: Error) => caught,
    );
    assert.match(String(error), /already/);
    assert.equal((await get(`http://${addresses[0]}:30080/`)).status, 200);
  });

  test("kill -9 of the supervisor leaves nothing on the host, and up again doubles nothing", async () => {
    const { pid } = JSON.parse(await readFile(hostPaths(name).info, "utf8")) as { pid: number };
    const all = descendants(pid);
    assert.ok(all.length > 10);
    process.kill(pid, "SIGKILL");
    await eventually("no process, link or namespace is left", 10, async () => {
      const left = all.map(commandLine).filter((command) => command.length > 0);
      assert.equal(left.length, 0, JSON.stringify(left));
      const links = await run("ip", ["-o", "link"]);
      const namespaces = await run("ip", ["netns"]);
      assert.equal(left.length, 0, JSON.stringify(left));
      assert.doesNotMatch(links, /fw-faults/);
      assert.equal(namespaces.trim(), "");
      return true;
    });
    cluster = await startCluster(name, "--nodes", "2", "-f", exampleManifest);
    const links = (await run("ip", ["-o", "link"])).match(/fw-faults/g);
    assert.equal(links?.length, 1);
  });
});
