/** --data DIR: what was acknowledged is there after kill -9 of everything and another up. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hostPaths } from "../src/cluster/config.ts";
import { eventually, exampleManifest, get, startCluster } from "./support/cluster.ts";

test("a cluster with --data survives kill -9 of all of it", async () => {
  const data = await mkdtemp(join(tmpdir(), "fairway-data-"));
  let cluster = await startCluster("data", "--nodes", "1", "--data", data, "-f", exampleManifest);
  try {
    const clusterIP = ["get", "svc", "webapp1-nodeport-svc", "-o", "jsonpath={.spec.clusterIP} {.metadata.uid}"];
    const before = await cluster.kubectl(...clusterIP);
    const acknowledged: string[] = [];
    const pid = (JSON.parse(await readFile(hostPaths("data").info, "utf8")) as { pid: number }).pid;
    const writer = (async () => {
      for (let n = 0; n < 200; n += 1) {
        try {
          await cluster.kubectl("create", "-f", await configMapFile(data, n));
          acknowledged.push(`cm-${n}`);
        } catch {
          return;
        }
      }
    })();
    await eventually("some writes were acknowledged", 20, async () => (acknowledged.length >= 5 ? true : undefined));
    process.kill(pid, "SIGKILL");
    await writer;
    await eventually(
      "the host directory is free",
      10,
      async () =>
        (await cluster.fairway("status").then(
          () => undefined,
          () => true,
        )) as true | undefined,
    );
    const since = Math.floor(Date.now() / 1000) * 1000;
    cluster = await startCluster("data", "--nodes", "1", "--data", data);
    const heartbeat = 'jsonpath={.items[0].status.conditions[?(@.type=="Ready")].lastHeartbeatTime}';
    const heard = await cluster.kubectl("get", "nodes", "-o", heartbeat);
    assert.ok(Date.parse(heard) >= since, `it was up when the node had been heard at ${heard} last`);
    const kept = (await cluster.kubectl("get", "configmaps", "-o", "name")).split("\n");
    for (const name of acknowledged)
      assert.ok(kept.includes(`configmap/${name}`), `${name} was acknowledged and is lost`);
    assert.equal(await cluster.kubectl(...clusterIP), before);
    const [node] = await cluster.nodes();
    await eventually("the example answers again", 30, async () => {
      const answer = await get(`http://${node!.address}:30080/`);
      return answer.status === 200 ? true : undefined;
    });
  } finally {
    await cluster.stop().catch(() => {});
    await rm(data, { recursive: true, force: true });
  }
});

async function configMapFile(directory: string, n: number): Promise<string> {
  const file = join(directory, "configmap.json");
  await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: `cm-${n}` } }));
  return file;
}
