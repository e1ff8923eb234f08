/** What the proxy does when it is started in other ways. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { nodes } from "../../src/kubernetes/resource.ts";
import type { Node } from "../../src/kubernetes/types.ts";
import { run } from "../../src/linux/command.ts";
import { loadConfiguration, writeConfiguration } from "../../src/serviceproxy/config/load.ts";
import { addresses } from "../support/topology.ts";
import { eventually } from "../support/wait.ts";
import { differences } from "./differences.ts";
import { kill, nodeName, type ProcessLab } from "./process-lab.ts";

/** No proxy runs. */
export function testOptions(lab: ProcessLab): void {
  test("by a configuration file it does the same, until the file changes", async () => {
    const file = join(lab.directory, "kube-proxy.yaml");
    const { configuration } = await loadConfiguration(["--proxy-mode", lab.mode, "--detect-local-mode", "NodeCIDR"]);
    configuration.clientConnection.kubeconfig = lab.proxyKubeconfig;
    await writeConfiguration(configuration, file);
    const child = lab.command("proxy", "--config", file, "--hostname-override", nodeName);
    const gone = once(child, "exit");
    const write = (podCIDR: string) =>
      lab.client.create<Node>(nodes, { metadata: { name: nodeName }, spec: { podCIDR } });
    // Without podCIDRs nobody can say which traffic is a Pod's.
    await write("10.32.0.0/24");
    await lab.setEndpoints("web", addresses.b);
    await lab.answers("b");
    await writeConfiguration({ ...configuration, oomScoreAdj: -1 }, file);
    assert.deepEqual(await gone, [1, null]);
    const again = lab.command("proxy", "--config", file, "--hostname-override", nodeName);
    const ended = once(again, "exit");
    await lab.setEndpoints("web", addresses.a);
    await lab.answers("a");
    await lab.client.delete(nodes, nodeName);
    await write("10.32.1.0/24");
    assert.deepEqual(await ended, [1, null], "other podCIDRs end it");
  });

  test("node ports answer on an address that the node gets later", async () => {
    const child = lab.startProxy(
      "--nodeport-addresses",
      "198.51.100.0/24",
      "--healthz-bind-address=",
      "--metrics-bind-address=",
    );
    const answer = () => lab.topology.pods.client.askTcp("198.51.100.7", 30_080);
    await eventually(
      "the rules are those of no address",
      () => lab.topology.pods.client.askTcp(addresses.node, 30_080),
      isRefused,
    );
    await run("ip", ["address", "add", "198.51.100.7/32", "dev", "lo"]);
    await eventually("pod a answers", answer, (text) => text.startsWith("a "));
    await kill(child);
  });
  const isRefused = (answer: string) => answer === "ECONNREFUSED";

  test("an address that is taken ends it when it must not", async () => {
    const other = createServer().listen(10_255, "127.0.0.1");
    await once(other, "listening");
    const child = lab.startProxy("--bind-address-hard-fail", "--healthz-bind-address", "127.0.0.1:10255");
    const [code] = await once(child, "exit");
    other.close();
    assert.equal(code, 1);
  });

  // Where only a running proxy leads there, it waits for an API that never answers.
  if (differences[lab.mode].outlivesProcess)
    test("the kubernetes Service's own address is refused as the API's", async () => {
      const child = lab.startProxy(
        "--master",
        "https://10.96.0.1:443",
        "--healthz-bind-address=",
        "--metrics-bind-address=",
      );
      const [code] = await once(child, "exit");
      assert.equal(code, 1);
    });
}
