/** A thousand Pods behind one Service on this machine. How long it takes is the benchmark's business (npm run bench -- scale). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, exampleManifest, startCluster } from "./support/cluster.ts";
import { distinctAnswers } from "./support/load.ts";

test("1,000 Pods come up behind one Service, and each of them answers", async () => {
  const cluster = await startCluster("scale", "-f", exampleManifest);
  try {
    const [node] = await cluster.nodes();
    const deployment = "deployment/webapp1-nodeport-deployment";
    await cluster.kubectl("scale", deployment, "--replicas=1000");
    await eventually("1,000 are ready", 240, async () => {
      const ready = await cluster.kubectl("get", deployment, "-o", "jsonpath={.status.readyReplicas}");
      return ready === "1000" ? true : undefined;
    });
    await eventually("all of them are endpoints, at most 100 in a slice", 30, async () => {
      const query = ["endpointslices", "-l", "kubernetes.io/service-name=webapp1-nodeport-svc", "-o", "json"];
      const { items } = JSON.parse(await cluster.kubectl("get", ...query)) as { items: { endpoints: unknown[] }[] };
      for (const { endpoints } of items) assert.ok(endpoints.length <= 100);
      return items.reduce((sum, { endpoints }) => sum + endpoints.length, 0) === 1000 ? true : undefined;
    });
    await eventually("the proxies have them all", 60, async () => {
      const { size } = await distinctAnswers(`http://${node!.address}:30080/`, 1000);
      return size === 1000 ? true : undefined;
    });
  } finally {
    await cluster.stop();
  }
});
