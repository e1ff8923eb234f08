/** Many demo Pods behind one Service on this machine: time from `kubectl scale` until each has answered through the NodePort, and memory. */
import { readFile } from "node:fs/promises";
import { hostPaths } from "../src/cluster/config.ts";
import { exampleManifest, startCluster } from "../test/support/cluster.ts";
import { distinctAnswers } from "../test/support/load.ts";
import { descendants } from "../test/support/processes.ts";
import { printUsage, usageOf } from "./processes.ts";

const deployment = "deployment/webapp1-nodeport-deployment";

export async function main([count = "1000"]: string[]): Promise<void> {
  const replicas = Number(count);
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > 1400) throw new Error("scale takes 1 to 1400 Pods");
  const cluster = await startCluster("scale", "--nodes", "3", "-f", exampleManifest);
  try {
    const [node] = await cluster.nodes();
    const begin = performance.now();
    const elapsed = () => `${((performance.now() - begin) / 1000).toFixed(1)} s`;
    await cluster.kubectl("scale", deployment, `--replicas=${replicas}`);
    for (let ready = 0; ready < replicas; ) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      ready = Number(await cluster.kubectl("get", deployment, "-o", "jsonpath={.status.readyReplicas}")) || 0;
      process.stdout.write(`${elapsed()}: ${ready} Pods ready\n`);
      if (performance.now() - begin > 600_000) throw new Error("not all ready within 600 s");
    }
    const seen = await distinctAnswers(`http://${node!.address}:30080/`, replicas);
    process.stdout.write(
      `${elapsed()}: ${seen.size} of ${replicas} Pods have answered through ${node!.address}:30080\n`,
    );
    const { pid } = JSON.parse(await readFile(hostPaths("scale").info, "utf8")) as { pid: number };
    printUsage(usageOf(descendants(pid)));
    if (seen.size < replicas) process.exitCode = 1;
  } finally {
    await cluster.stop();
  }
}
