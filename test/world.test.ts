/** The world itself: what the host sees of a cluster, who may die, what is left, who may be up beside whom. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { after, afterEach, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { hostPaths } from "../src/cluster/config.ts";
import type { SupervisorInfo, WorldStatus } from "../src/cluster/supervisor/protocol.ts";
import { CommandError, run } from "../src/linux/command.ts";
import { Ipvs, IpvsMissingError } from "../src/linux/ipvs/ipvs.ts";
import { eventually, exampleManifest, startCluster, type TestCluster } from "./support/cluster.ts";
import { commandLine, descendants, fromInnerPid, partOf } from "./support/processes.ts";

const fairway = fileURLToPath(new URL("../bin/fairway", import.meta.url));

async function infoOf(name: string): Promise<SupervisorInfo> {
  return JSON.parse(await readFile(hostPaths(name).info, "utf8")) as SupervisorInfo;
}

/** Everything of the host's network that a cluster must not touch, but for the interfaces of clusters. */
async function hostNetwork(): Promise<string> {
  const commands: [string, ...string[]][] = [
    ["ip", "-o", "link"],
    ["ip", "-o", "address"],
    ["ip", "route", "show", "table", "all"],
    ["ip", "-6", "route", "show", "table", "all"],
    ["ip", "rule"],
    ["ip", "neighbour"],
    ["iptables-save"],
    ["ip6tables-save"],
    [
      "sh",
      "-c",
      "grep -r . /proc/sys/net/ipv[46]/conf /proc/sys/net/ipv4/ip_forward /proc/sys/net/bridge 2>/dev/null | sort",
    ],
  ];
  const texts = await Promise.all(commands.map(([program, ...args]) => run(program, args)));
  return texts
    .join("\n")
    .split("\n")
    .filter((line) => !/fw-|^#/.test(line))
    .join("\n");
}

async function failure(command: Promise<unknown>): Promise<CommandError> {
  const error = await command.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof CommandError, `it did not fail: ${error}`);
  return error;
}

/** Where the kernel has IPVS such a cluster comes up; test/vm is about that. */
function hasIpvs(): boolean {
  try {
    new Ipvs().close();
    return true;
  } catch (error) {
    if (error instanceof IpvsMissingError) return false;
    throw error;
  }
}

/** Nothing on the host tells that there ever was this cluster. */
async function nothingIsLeft(name: string, processes: number[]): Promise<void> {
  await eventually(`nothing of ${name} is left`, 10, async () => {
    const alive = processes.map(commandLine).filter((command) => command.length > 0);
    assert.deepEqual(alive, []);
    const links = await run("ip", ["-o", "link"]);
    assert.ok(!links.includes(`fw-${name}`), links);
    const directories = await readdir("/run/fairway").catch(() => undefined);
    assert.ok(!directories?.includes(name), "its directory is there");
    assert.notDeepEqual(directories, [], "the directory of all is there, and empty");
    return true;
  });
}

describe("a world", () => {
  const name = "world";
  let cluster: TestCluster;
  let untouched: string;

  before(async () => {
    untouched = await hostNetwork();
    // What started it ends at once, as npm start does with --detach: that is no reason to go.
    cluster = await startCluster(name, "--nodes", "2", "--end-with-parent");
  });
  after(() => cluster?.stop().catch(() => {}));

  const status = async () => JSON.parse(await cluster.fairway("status", "--json")) as WorldStatus;

  test("is seen on the host as one link and one directory that is root's only", async () => {
    assert.equal(await hostNetwork(), untouched);
    // Clusters of other test files have theirs beside it.
    const links = (await run("ip", ["-o", "link"])).match(/fw-\w+/g)?.filter((link) => link === "fw-world");
    assert.deepEqual(links, ["fw-world"]);
    const { root, kubeconfig, control, logs } = hostPaths(name);
    for (const [path, mode] of [
      [root, 0o700],
      [logs, 0o700],
      [kubeconfig, 0o600],
      [control, 0o600],
    ] as const)
      assert.equal((await stat(path)).mode & 0o777, mode, path);
    await assert.rejects(stat("/run/fairway-world"), /ENOENT/, "keys and configuration are in the world only");
    const mounts = await readFile("/proc/self/mountinfo", "utf8");
    assert.doesNotMatch(mounts, /fairway/);
  });

  test("gives every machine a name, an address, a /run and process ids of its own", async () => {
    const seen = await cluster.onNode(
      "node2",
      "sh",
      "-c",
      "hostname; ip -4 -br address show eth0; ls /run; cat /proc/1/cmdline | tr '\\0' ' ' | head -c 2; ip route",
    );
    assert.match(seen, /^node2\neth0@\S+\s+UP\s+198\.18\.\d+\.11\/24\s*\n/);
    assert.match(seen, /^fairway$/m);
    assert.match(seen, /^sh/m, "process 1 is its init");
    assert.doesNotMatch(seen, /^default/m, "there is no way out");
  });

  test("passes a command's output, input and exit status through node exec", async () => {
    const error = await failure(cluster.onNode("node1", "sh", "-c", "echo out; echo err >&2; exit 7"));
    assert.deepEqual([error.code, error.stderr], [7, "err\n"]);
    const env = { ...process.env };
    const echoed = await run(fairway, ["node", "exec", "--name", name, "node1", "--", "cat"], { env, input: "typed" });
    assert.equal(echoed, "typed");
    const unknown = await failure(cluster.onNode("node9", "true"));
    assert.match(unknown.stderr, /there is no node "node9"; there are control-plane, node1, node2/);
  });

  test("grows and shrinks: node add, stop, start, remove", async () => {
    assert.deepEqual(JSON.parse(await cluster.fairway("node", "add", "--json")), { node: "node3", state: "running" });
    await eventually("node3 is ready", 20, async () =>
      /node3\s.*\srunning\s+Ready/.test(await cluster.fairway("node", "list")) ? true : undefined,
    );
    const twice = await failure(cluster.fairway("node", "add", "node3"));
    assert.match(twice.stderr, /there is a machine "node3" already/);
    await cluster.fairway("node", "stop", "node3");
    const stopped = (await status()).nodes.find((node) => node.name === "node3");
    assert.deepEqual([stopped?.state, stopped?.pid], ["stopped", undefined]);
    await assert.rejects(cluster.onNode("node3", "true"), /node "node3" is stopped; start it with: fairway node start/);
    await cluster.fairway("node", "start", "node3");
    assert.equal((await cluster.onNode("node3", "hostname")).trim(), "node3");
    const removed = await cluster.fairway("node", "remove", "node3", "--json");
    assert.deepEqual(JSON.parse(removed), { node: "node3", state: "removed" });
    assert.doesNotMatch(await cluster.kubectl("get", "nodes"), /node3/);
    const bad = await failure(cluster.fairway("node", "add", "Bad_Name"));
    assert.deepEqual([bad.code, /node name: "Bad_Name" must be/.test(bad.stderr)], [2, true]);
  });

  test("heals: kill -9 of nsenter, of a machine's unshare, of an init's child, of the control plane's init", async () => {
    const { pid: init } = await infoOf(name);
    const all = descendants(init);
    const byCommand = (wanted: (command: string[]) => boolean) => all.filter((pid) => wanted(commandLine(pid)));
    const nsenters = byCommand(([program, ...rest]) => program === "nsenter" && rest.includes("agent"));
    const [sleep = 0] = byCommand(([program]) => program === "sleep");
    const [unshare = 0] = byCommand(([program, ...rest]) => program === "unshare" && rest.includes("node2"));
    const control = fromInnerPid(all, (await status()).controlPlane?.pid ?? 0) ?? 0;
    assert.ok(nsenters.length === 2 && sleep > 0 && unshare > 0 && control > 0);
    for (const pid of [...nsenters, sleep, unshare, control]) process.kill(pid, "SIGKILL");
    await eventually("every part runs once, and the API answers", 20, async () => {
      const parts = descendants(init)
        .map(partOf)
        .filter((part) => part !== undefined)
        .sort();
      const wanted = ["agent", "agent", "apiserver", "demo-server", "demo-server", "proxy", "proxy", "supervisor"];
      assert.deepEqual(parts, wanted);
      const ready = (await cluster.kubectl("get", "nodes")).match(/ Ready /g);
      assert.equal(ready?.length, 2);
      return true;
    });
    const after = await status();
    assert.equal(after.controlPlane?.restarts, 1);
    assert.equal(after.nodes.find((node) => node.name === "node2")?.restarts, 1);
  });

  test("refuses a second up of its name, however many come at once, and is not disturbed", async () => {
    const tries = await Promise.all([1, 2, 3].map(() => failure(run(fairway, ["up", "--name", name]))));
    for (const { code, stderr } of tries) {
      assert.equal(code, 3);
      assert.match(stderr, /cluster "world" is up already.*\n.*fairway status.*fairway down.*--name OTHER/);
    }
    assert.equal((await status()).state, "running");
  });

  test("has another one beside it, with other addresses, that goes without disturbing it", async () => {
    const other = await startCluster("world2", "--nodes", "1");
    try {
      const [mine, theirs] = await Promise.all([infoOf(name), infoOf("world2")]);
      assert.notEqual(mine.nodeCIDR, theirs.nodeCIDR);
      assert.equal((await other.kubectl("get", "nodes", "--no-headers")).trim().split("\n").length, 1);
      const taken = await failure(run(fairway, ["up", "--name", "world3", "--node-cidr", mine.nodeCIDR]));
      assert.equal(taken.code, 2);
      assert.match(taken.stderr, /--node-cidr: \S+ overlaps the host's route to \S+ \(fw-world\)/);
      const lost = await failure(run(fairway, ["status", "--name", "world3"]));
      // Other test files have clusters of their own up at the same time.
      assert.match(lost.stderr, /cluster "world3" is not up; up are: ([\w-]+, )*world, ([\w-]+, )*world2/);
    } finally {
      await other.stop();
    }
    assert.equal(
      (await status()).nodes.every((node) => node.state === "running"),
      true,
    );
  });

  test("leaves nothing behind when it is taken down", async () => {
    const all = descendants((await infoOf(name)).pid);
    assert.match(await cluster.fairway("down"), /Cluster "world" is down\./);
    await nothingIsLeft(name, all);
    assert.equal(await hostNetwork(), untouched);
    const again = await failure(cluster.fairway("down"));
    assert.deepEqual([again.code, /is not up/.test(again.stderr)], [3, true]);
  });
});

describe("a world in the foreground", () => {
  let child: ChildProcess | undefined;
  let output = "";
  afterEach(async () => {
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, "SIGTERM");
      await new Promise((resolve) => child?.once("close", resolve));
    }
  });

  /** As a shell starts it: a process group of its own, which Ctrl-C reaches. Resolves to the ids of all its processes. */
  async function up(name: string, ...args: string[]): Promise<number[]> {
    output = "";
    child = spawn(fairway, ["up", "--name", name, "--nodes", "1", ...args], { detached: true, stdio: "pipe" });
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
      });
    await eventually("the summary is shown", 30, async () => (/^Ctrl-C takes/m.test(output) ? true : undefined));
    return descendants(child.pid!);
  }
  const end = () =>
    new Promise<number | NodeJS.Signals | null>((resolve) =>
      child!.exitCode !== null
        ? resolve(child!.exitCode)
        : child!.once("close", (code, signal) => resolve(code ?? signal)),
    );

  test("fits one screen, and Ctrl-C takes it away in order", async () => {
    const all = await up("fore");
    const lines = output.slice(output.indexOf('Cluster "fore" is up')).trimEnd().split("\n");
    assert.ok(lines.length <= 24 && lines.every((line) => line.length <= 80), output);
    assert.match(output, /export KUBECONFIG=\/run\/fairway\/fore\/kubeconfig/);
    process.kill(-child!.pid!, "SIGINT");
    assert.equal(await end(), 0);
    await nothingIsLeft("fore", all);
  });

  for (const [how, stop] of [
    ["Ctrl-C", async () => process.kill(-child!.pid!, "SIGINT")],
    ["fairway down", async () => run(fairway, ["down", "--name", "early"])],
  ] as const)
    test(`that ${how} ends before it is up says so, by its exit status too`, async () => {
      output = "";
      child = spawn(fairway, ["up", "--name", "early", "--nodes", "1"], { detached: true, stdio: "pipe" });
      child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
      });
      await eventually("the machines are made", 30, async () => (/ s {2}machines: /.test(output) ? true : undefined));
      const all = descendants(child.pid!);
      await stop();
      assert.equal(await end(), 130);
      assert.match(output, /^fairway: the cluster was stopped before it was up\.$/m);
      await nothingIsLeft("early", all);
    });

  for (const who of ["keeper", "unshare", "init", "supervisor"] as const) {
    test(`leaves no process and no link when its ${who} is killed by kill -9`, async () => {
      const all = await up("killed");
      const { pid: init } = await infoOf("killed");
      const supervisor = all.find((pid) => partOf(pid) === "supervisor") ?? 0;
      const unshare = all.find((pid) => commandLine(pid)[0] === "unshare") ?? 0;
      process.kill({ keeper: child!.pid!, unshare, init, supervisor }[who], "SIGKILL");
      await end();
      if (who === "keeper") {
        // Nobody was there to clean up: the next command does.
        const { code, stderr } = await failure(run(fairway, ["status", "--name", "killed"]));
        assert.equal(code, 3);
        assert.match(stderr, /what a killed one had left behind was removed/);
      }
      await nothingIsLeft("killed", all);
    });
  }

  test("ends with its parent when it is told to", async () => {
    child = spawn("sh", ["-c", `"$0" up --name parent --nodes 1 --end-with-parent; true`, fairway], { stdio: "pipe" });
    child.stdout?.resume();
    child.stderr?.resume();
    await eventually("it is up", 30, async () => run(fairway, ["status", "--name", "parent"]));
    const all = descendants(child.pid!);
    child.kill("SIGKILL");
    await nothingIsLeft("parent", all);
    child = undefined;
  });

  test("goes away when no node can serve in the proxy's mode, and says why", async () => {
    const directory = `/tmp/fairway-no-nft-${process.pid}`;
    await mkdir(directory, { recursive: true });
    await writeFile(`${directory}/nft`, "#!/bin/sh\necho 'no nf_tables in this kernel' >&2\nexit 1\n", { mode: 0o755 });
    const env = { ...process.env, PATH: `${directory}:${process.env.PATH}` };
    const up = ["up", "--name", "nonft", "--nodes", "2", "--proxy-mode", "nftables", "-f", exampleManifest];
    // Well before the two minutes that a Service without an answer is waited for.
    const { code, stderr } = await failure(run(fairway, up, { env, timeout: 90_000 }));
    assert.equal(code, 1);
    assert.match(stderr, /did not come up: no node's proxy can start in --proxy-mode nftables; node1: .*no nf_tables/);
    await nothingIsLeft("nonft", []);
    // With one node that cannot the cluster comes up, and does not wait for that one.
    const mixed = ["up", "--detach", "--name", "nonft", "--nodes", "2", "--proxy-mode", "node2=nftables", "-f", "-"];
    const input = await readFile(exampleManifest, "utf8");
    const said = await run("sh", ["-c", '"$@" 2>&1 >/dev/null', "sh", fairway, ...mixed], {
      env,
      input,
      timeout: 90_000,
    });
    assert.match(
      said,
      /Service webapp1-nodeport-svc does not answer on node2, whose proxy cannot start; fairway status/,
    );
    assert.match(await run(fairway, ["status", "--name", "nonft"]), /no nf_tables/);
    await run(fairway, ["down", "--name", "nonft"]);
    await nothingIsLeft("nonft", []);
    await rm(directory, { recursive: true });
  });

  test("goes away when the kernel has no IPVS, and names the modules", { skip: hasIpvs() }, async () => {
    const up = ["up", "--name", "noipvs", "--nodes", "2", "--proxy-mode", "ipvs", "-f", exampleManifest];
    const { code, stderr } = await failure(run(fairway, up, { timeout: 90_000 }));
    assert.equal(code, 1);
    assert.match(
      stderr,
      /did not come up: no node's proxy can start in --proxy-mode ipvs; node1: .*kernel modules ip_vs, ip_vs_rr/,
    );
    await nothingIsLeft("noipvs", []);
  });

  test("is nothing yet while its standard input has not ended", async () => {
    for (const more of [[], ["--detach"]]) {
      const up = ["up", "--name", "typing", "--nodes", "1", "-f", "-", ...more];
      child = spawn(fairway, up, { detached: true, stdio: "pipe" });
      const { stdin } = child;
      // More than the kernel keeps for it: it is being read.
      await new Promise((resolve) => stdin!.on("error", () => {}).write("#\n".repeat(1 << 20), resolve));
      const { code } = await failure(run(fairway, ["down", "--name", "typing"]));
      assert.equal(code, 3);
      const ended = new Promise((resolve) => child?.once("close", (_, signal) => resolve(signal)));
      process.kill(-child.pid!, "SIGINT");
      assert.equal(await ended, "SIGINT");
      await nothingIsLeft("typing", []);
    }
  });

  test("goes away at once when a manifest cannot be used, and says where", async () => {
    const directory = "/tmp/fairway-world-test";
    await mkdir(directory, { recursive: true });
    const input = "apiVersion: v1\nkind: Service\nmetadata:\n  name: [\n";
    await writeFile(`${directory}/bad.yaml`, input);
    for (const [path, named] of [
      [`${directory}/bad.yaml`, /bad\.yaml:5:1: /],
      ["-", /standard input:5:1: /],
    ] as const) {
      const { code, stderr } = await failure(run(fairway, ["up", "--name", "bad", "-f", path], { input }));
      assert.equal(code, 1);
      assert.match(stderr, named);
      await nothingIsLeft("bad", []);
    }
    await rm(directory, { recursive: true });
  });

  test("needs nothing for --version and --help", async () => {
    const env = { PATH: process.env.PATH };
    assert.match(await run(fairway, ["--version"], { env }), /^fairway \d+\.\d+\.\d+\n$/);
    const help = await run(fairway, ["--help"], { env });
    assert.match(help, /^Usage: fairway COMMAND/);
    for (const line of help.concat(await run(fairway, ["up", "--help"], { env })).split("\n"))
      assert.ok(line.length <= 80, `longer than a terminal: ${line}`);
  });

  const refused: [args: string[], message: RegExp][] = [
    [["--name", "much-too-long-name"], /--name: "much-too-long-name" must be 1 to 11/],
    [["--nodes", "0"], /'--nodes <count>' argument '0' is invalid. It must be a number from 1 to 245/],
    [["--pod-cidr", "10.96.0.0/16"], /--service-cidr: 10\.96\.0\.0\/12 overlaps --pod-cidr/],
    [["--timings", "slow"], /It is one of fast, kubernetes/],
    [["--lease-renew-interval", "10"], /It must be a duration such as 500ms/],
    [["-f", "/nowhere.yaml"], /-f: \/nowhere\.yaml cannot be read/],
    [["--data", "/run/data"], /--data: \/run\/data is under \/run/],
    [["--frobnicate"], /unknown option '--frobnicate'/],
  ];
  test("is refused with a FAIRWAY_PATIENCE that is none, as other commands are that wait", async () => {
    const env = { ...process.env, FAIRWAY_PATIENCE: "abc" };
    for (const args of [["up"], ["node", "add"], ["node", "start", "node1"]]) {
      const { code, stderr } = await failure(run(fairway, args, { env }));
      assert.deepEqual([code, stderr], [2, 'fairway: FAIRWAY_PATIENCE: "abc" is not a number from 1 to 100\n']);
    }
  });

  for (const [args, message] of refused)
    test(`is refused with ${args.join(" ")}`, async () => {
      const { code, stderr } = await failure(run(fairway, ["up", ...args]));
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    });
});
