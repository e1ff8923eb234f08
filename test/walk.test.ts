/** The tutorial's walk, as a person would do it: the example up, Services and Pods listed, packets through every kind of address. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { eventually, exampleManifest, get, startCluster, type TestCluster } from "./support/cluster.ts";
import { whileAsking } from "./support/load.ts";

const deployment = "deployment/webapp1-nodeport-deployment";
const client = `
apiVersion: v1
kind: Pod
metadata: { name: client, labels: { app: client } }
spec:
  containers: [{ name: curl, image: curlimages/curl, command: [sleep, "3600"] }]
`;

describe("the tutorial's walk", () => {
  let cluster: TestCluster;
  let addresses: string[];

  before(async () => {
    cluster = await startCluster("walk", "--nodes", "3", "-f", exampleManifest);
    addresses = (await cluster.nodes()).map(({ address }) => address);
    await cluster.kubectlWithInput(client, "apply", "-f", "-");
    await cluster.kubectl("wait", "--for=condition=Ready", "pod/client", "--timeout=20s");
  });
  after(() => cluster?.stop());

  /** Answers counted by the Pod that gave them: the example's image answers with its host name. */
  async function spread(count: number, ask: () => Promise<string>): Promise<Map<string, number>> {
    const pods = JSON.parse(await cluster.kubectl("get", "pods", "-o", "json")) as {
      items: { metadata: { name: string } }[];
    };
    const answers = new Map<string, number>();
    for (let n = 0; n < count; n += 1) {
      const body = await ask();
      const pod = pods.items.find(({ metadata }) => body.includes(metadata.name))?.metadata.name;
      assert.ok(pod, `no Pod's name in the answer: ${body.slice(0, 200)}`);
      answers.set(pod, (answers.get(pod) ?? 0) + 1);
    }
    return answers;
  }
  const inClient = (...command: string[]) => cluster.kubectl("exec", "client", "--", ...command);

  test("kubectl get svc shows the Services as the source does", async () => {
    const listed = await cluster.kubectl("get", "svc");
    assert.match(listed, /^kubernetes\s+ClusterIP\s+10\.96\.0\.1\s+<none>\s+443\/TCP/m);
    assert.match(listed, /^webapp1-nodeport-svc\s+NodePort\s+10\.\d+\.\d+\.\d+\s+<none>\s+80:30080\/TCP/m);
  });

  test("kubectl get pod -o wide shows two running Pods with their addresses and nodes", async () => {
    const listed = await cluster.kubectl("get", "pods", "-o", "wide", "-l", "app=webapp1-nodeport");
    const rows = [...listed.matchAll(/^webapp1-\S+\s+1\/1\s+Running\s+0\s+\S+\s+(10\.\d+\.\d+\.\d+)\s+(node\d+)/gm)];
    assert.equal(rows.length, 2, listed);
    for (const [, address = ""] of rows) {
      const second = Number(address.split(".")[1]);
      assert.ok(second >= 32 && second < 48, `${address} is not in 10.32.0.0/12`);
    }
    assert.notEqual(rows[0]?.[2], rows[1]?.[2], `both on one node: ${listed}`);
  });

  test("a new cluster has no event that warns of anything", async () => {
    assert.equal(await cluster.kubectl("get", "events", "-A", "--field-selector=type=Warning", "-o", "name"), "");
  });

  test("iptables-save on a node shows the chains of the source", async () => {
    const rules = await cluster.onNode("node1", "iptables-save", "-t", "nat");
    for (const pattern of [
      /-A KUBE-SERVICES .*default\/webapp1-nodeport-svc:.* -j KUBE-SVC-J2DWGRZTH4C2LPA4/,
      /-A KUBE-NODEPORTS .*--dport 30080 -j KUBE-EXT-J2DWGRZTH4C2LPA4/,
      /-A KUBE-EXT-J2DWGRZTH4C2LPA4 .*-j KUBE-SVC-J2DWGRZTH4C2LPA4/,
      /-A KUBE-SVC-J2DWGRZTH4C2LPA4 .*-m statistic --mode random --probability 0\.5\d* -j KUBE-SEP-/,
      /-A KUBE-SEP-\w{16} .*-j DNAT --to-destination 10\.\d+\.\d+\.\d+:80/,
    ]) {
      assert.match(rules, pattern);
    }
  });

  test("100 requests from the host to each node's port are answered by both Pods", async () => {
    for (const address of addresses) {
      const answers = await spread(100, async () => {
        const answer = await get(`http://${address}:30080/`);
        assert.equal(answer.status, 200);
        return answer.body;
      });
      assert.equal(answers.size, 2, `${address}: ${JSON.stringify([...answers])}`);
      for (const [pod, count] of answers) assert.ok(count >= 20, `${address}: ${pod} answered only ${count} of 100`);
    }
  });

  test("a Pod reaches the Service by ClusterIP and by every form of its DNS name", async () => {
    const clusterIP = await cluster.kubectl("get", "svc", "webapp1-nodeport-svc", "-o", "jsonpath={.spec.clusterIP}");
    for (const host of [
      clusterIP,
      "webapp1-nodeport-svc",
      "webapp1-nodeport-svc.default",
      "webapp1-nodeport-svc.default.svc.cluster.local",
    ]) {
      const loop = `for i in $(seq 1 20); do curl -sS --max-time 5 http://${host}/; echo; done`;
      const lines = (await inClient("sh", "-c", loop)).split("\n").filter((line) => line.includes("webapp1-nodeport"));
      const pods = new Set(lines.map((line) => line.match(/webapp1-nodeport-deployment-[a-z0-9]+-[a-z0-9]+/)?.[0]));
      assert.equal(pods.size, 2, `${host}: ${[...pods]}`);
    }
  });

  test("a Pod that calls its own Service and lands on itself gets its answer", async () => {
    const pod = (
      await cluster.kubectl("get", "pods", "-l", "app=webapp1-nodeport", "-o", "jsonpath={.items[0].metadata.name}")
    ).trim();
    const loop =
      "for i in $(seq 1 30); do curl -sS --max-time 5 http://webapp1-nodeport-svc/ || echo FAILED; echo; done";
    const answers = await cluster.kubectl("exec", pod, "--", "sh", "-c", loop);
    assert.doesNotMatch(answers, /FAILED/);
    assert.ok(answers.includes(pod), "never landed on itself in 30 requests");
  });

  test("a Pod talks to the API with its ServiceAccount, within its rights", async () => {
    const script = `t=$(cat /var/run/secrets/kubernetes.io/serviceaccount/token)
      ca=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt
      curl -sS --cacert $ca -H "Authorization: Bearer $t" https://kubernetes.default/version
      curl -sS --cacert $ca -H "Authorization: Bearer $t" https://kubernetes.default/api/v1/namespaces/default/secrets
      curl -sS --cacert $ca https://kubernetes.default/api/v1/namespaces/default/pods`;
    const said = await inClient("sh", "-c", script);
    assert.match(said, /"gitVersion"/);
    assert.match(said, /system:serviceaccount:default:default.*cannot list resource/);
    assert.match(said, /Unauthorized/);
  });

  test("scaled to 20, every Pod answers; deleted Pods come back with other addresses", async () => {
    await cluster.kubectl("scale", deployment, "--replicas=20");
    await cluster.kubectl("rollout", "status", deployment, "--timeout=60s");
    await eventually("all 20 Pods answer", 20, async () => {
      const answers = await spread(200, async () => (await get(`http://${addresses[0]}:30080/`)).body);
      return answers.size === 20 ? answers : undefined;
    });
    const list = ["get", "pods", "-l", "app=webapp1-nodeport", "-o", "jsonpath={.items[*].status.podIP}"];
    const old = new Set((await cluster.kubectl(...list)).split(" "));
    await cluster.kubectl("delete", "pods", "-l", "app=webapp1-nodeport", "--wait=true");
    await cluster.kubectl("rollout", "status", deployment, "--timeout=60s");
    const fresh = (await cluster.kubectl(...list)).split(" ");
    assert.equal(fresh.length, 20);
    assert.deepEqual(
      fresh.filter((address) => old.has(address)),
      [],
    );
    await eventually("the new Pods answer", 20, async () => {
      const answers = await spread(50, async () => (await get(`http://${addresses[1]}:30080/`)).body);
      return answers.size > 1 ? true : undefined;
    });
  });

  test("a dead node costs errors only until its Pods left the endpoints, 10 s at most", async () => {
    let stopped = 0;
    const { errors, answered } = await whileAsking(`http://${addresses[0]}:30080/`, 1_000, async (load) => {
      await cluster.fairway("node", "stop", "node3");
      stopped = Date.now();
      await eventually("node3 is NotReady", 15, async () =>
        / NotReady/.test(await cluster.kubectl("get", "node", "node3", "--no-headers")) ? true : undefined,
      );
      await eventually("no endpoint is on node3", 15, async () => {
        const query = ["endpointslices", "-l", "kubernetes.io/service-name=webapp1-nodeport-svc", "-o", "json"];
        const { items } = JSON.parse(await cluster.kubectl("get", ...query)) as {
          items: { endpoints: { nodeName?: string; conditions: { ready?: boolean } }[] }[];
        };
        const left = items
          .flatMap(({ endpoints }) => endpoints)
          .filter(({ nodeName, conditions }) => nodeName === "node3" && conditions.ready);
        return left.length === 0 ? true : undefined;
      });
      await eventually("its Pods run elsewhere", 30, async () => {
        const pods = await cluster.kubectl("get", "pods", "-o", "wide", "-l", "app=webapp1-nodeport", "--no-headers");
        return pods.match(/Running.* node[12] /g)?.length === 20 ? true : undefined;
      });
      await eventually("three seconds without an error", 20, async () =>
        Date.now() - (load.errors.at(-1)?.began ?? 0) > 3_000 ? true : undefined,
      );
    });
    assert.ok(answered > 0);
    const late = errors.filter(({ began }) => began - stopped > 10_000);
    assert.deepEqual(late, [], JSON.stringify(errors.map(({ began, what }) => `${began - stopped} ms: ${what}`)));

    await cluster.fairway("node", "start", "node3");
    await cluster.kubectl("wait", "--for=condition=Ready", "node/node3", "--timeout=30s");
    await eventually("node3 answers on its port again", 20, async () => {
      const answer = await get(`http://${addresses[2]}:30080/`);
      return answer.status === 200 ? true : undefined;
    });
  });
});
