/** Every kubectl command that is promised, with the newest and the oldest kubectl that are. One cluster, a namespace for each kubectl. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { CommandError, run } from "../src/linux/command.ts";
import { eventually, startCluster, type TestCluster } from "./support/cluster.ts";
import { type Kubectl, kubectls } from "./support/kubectl.ts";

const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web } }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: nginx
          ports: [{ containerPort: 80 }]
          readinessProbe: { httpGet: { path: /, port: 80 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`;

/** Rejects with the text that kubectl wrote when the command does not fail. */
async function fails(asked: Promise<string>): Promise<string> {
  try {
    const said = await asked;
    throw new Error(`should have failed, said: ${said}`);
  } catch (error) {
    if (error instanceof CommandError) return error.stderr;
    throw error;
  }
}

const versions = await kubectls();

describe("kubectl", () => {
  let cluster: TestCluster;
  let directory: string;

  before(async () => {
    cluster = await startCluster("kubectl", "--nodes", "2");
    directory = await mkdtemp(join(tmpdir(), "fairway-kubectl-"));
  });
  after(async () => {
    await cluster?.stop();
    if (directory) await rm(directory, { recursive: true, force: true });
  });

  for (const { program, minor } of versions) describe(`1.${minor}`, () => commands({ program, minor }));

  function commands({ program, minor }: Kubectl) {
    const namespace = `v${minor}`;
    const options = () => ({
      env: { ...process.env, KUBECONFIG: cluster.kubeconfig, HOME: directory },
      timeout: 90_000,
    });
    const kubectl = (...args: string[]) => run(program, ["-n", namespace, ...args], options());
    const withInput = (input: string, ...args: string[]) =>
      run(program, ["-n", namespace, ...args], { ...options(), input });
    const field = async (path: string, ...args: string[]) =>
      (await kubectl("get", ...args, "-o", `jsonpath=${path}`)).trim();

    before(async () => {
      const object = `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"${namespace}"}}`;
      await withInput(object, "create", "-f", "-");
      await withInput(manifest, "apply", "-f", "-");
      await kubectl("rollout", "status", "deployment/web", "--timeout=60s");
    });

    test("apply again changes nothing, then only what differs", async () => {
      assert.match(await withInput(manifest, "apply", "-f", "-"), /deployment.apps\/web unchanged/);
      const changed = manifest.replace(
        "labels: { app: web } }\nspec:\n  replicas",
        "labels: { app: web, tier: front } }\nspec:\n  replicas",
      );
      assert.match(await withInput(changed, "apply", "-f", "-"), /deployment.apps\/web configured/);
      assert.equal(await field("{.metadata.labels.tier}", "deployment", "web"), "front");
    });

    test("get: tables, wide, yaml, json, labels, all namespaces, field selectors, sorting", async () => {
      assert.match(
        await kubectl("get", "deployments"),
        /NAME\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+AGE\nweb\s+2\/2\s+2\s+2/,
      );
      assert.match(await kubectl("get", "pods", "-o", "wide"), /NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE/);
      assert.match(await kubectl("get", "svc", "web", "-o", "yaml"), /^kind: Service$/m);
      assert.equal(JSON.parse(await kubectl("get", "pods", "-o", "json")).items.length, 2);
      assert.equal((await kubectl("get", "pods", "-l", "app=web", "-o", "name")).trim().split("\n").length, 2);
      assert.match(await kubectl("get", "pods", "-A"), new RegExp(`^${namespace}\\s+web-`, "m"));
      const node = await field("{.items[0].spec.nodeName}", "pods");
      assert.match(
        await kubectl("get", "pods", "--field-selector", `spec.nodeName=${node}`, "-o", "name"),
        /pod\/web-/,
      );
      assert.match(await kubectl("get", "pods", "--sort-by=.metadata.name"), /web-/);
      assert.match(
        await kubectl("get", "all"),
        /pod\/web-[\s\S]*service\/web[\s\S]*deployment.apps\/web[\s\S]*replicaset.apps\/web-/,
      );
      assert.match(await kubectl("get", "nodes", "-o", "wide"), /node1\s+Ready/);
      assert.match(await kubectl("get", "endpoints", "web"), /web\s+10\.\d+\.\d+\.\d+:80,10\./);
      assert.match(await kubectl("api-resources"), /deployments\s+deploy\s+apps/);
    });

    test("get -w reports a change as it happens", async () => {
      const child = spawn(program, ["-n", namespace, "get", "pods", "-l", "run=watched", "-w"], {
        env: options().env,
        stdio: ["ignore", "pipe", "ignore"],
      });
      let seen = "";
      child.stdout.on("data", (chunk) => {
        seen += chunk;
      });
      try {
        await new Promise((resolve) => setTimeout(resolve, 500));
        await kubectl("run", "watched", "--image=nginx", "--labels=run=watched");
        await eventually("the watch shows it Running", 20, async () =>
          /watched\s+1\/1\s+Running/.test(seen) ? true : undefined,
        );
        await kubectl("delete", "pod", "watched", "--grace-period=1");
        await eventually("and Terminating", 10, async () => (/watched\s.*Terminating/.test(seen) ? true : undefined));
      } finally {
        child.kill();
      }
    });

    test("describe tells of Pods, Deployments, Services and Nodes, with events", async () => {
      const pod = await field("{.items[0].metadata.name}", "pods", "-l", "app=web");
      assert.match(
        await kubectl("describe", "pod", pod),
        /Status:\s+Running[\s\S]*Events:[\s\S]*Scheduled[\s\S]*Started/,
      );
      assert.match(
        await kubectl("describe", "deployment", "web"),
        /Replicas:\s+2 desired \| 2 updated \| 2 total \| 2 available/,
      );
      assert.match(await kubectl("describe", "service", "web"), /Endpoints:\s+10\./);
      assert.match(await kubectl("describe", "node", "node1"), /Ready\s+True[\s\S]*PodCIDR:\s+10\./);
      assert.match(await kubectl("get", "events"), /Scheduled/);
      if (minor >= 26) assert.match(await kubectl("events"), /Scheduled/);
    });

    test("label, annotate, three kinds of patch, edit, replace", async () => {
      await kubectl("label", "deployment", "web", "color=blue");
      await kubectl("annotate", "deployment", "web", "note=a");
      assert.equal(await field("{.metadata.labels.color},{.metadata.annotations.note}", "deployment", "web"), "blue,a");
      await kubectl("label", "deployment", "web", "color-");
      assert.equal(await field("{.metadata.labels.color}", "deployment", "web"), "");
      await kubectl(
        "patch",
        "deployment",
        "web",
        "--type=json",
        "-p",
        '[{"op":"add","path":"/metadata/labels/a","value":"1"}]',
      );
      await kubectl("patch", "deployment", "web", "--type=merge", "-p", '{"metadata":{"labels":{"b":"2"}}}');
      const container =
        '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"X","value":"y"}]}]}}}}';
      await kubectl("patch", "deployment", "web", "-p", container);
      assert.equal(
        await field(
          "{.metadata.labels.a}{.metadata.labels.b}{.spec.template.spec.containers[0].image}{.spec.template.spec.containers[0].env[0].value}",
          "deployment",
          "web",
        ),
        "12nginxy",
      );
      await run(program, ["-n", namespace, "edit", "service", "web"], {
        ...options(),
        env: { ...options().env, KUBE_EDITOR: "sed -i s/sessionAffinity:.None/sessionAffinity:\\ ClientIP/" },
      });
      assert.equal(await field("{.spec.sessionAffinity}", "service", "web"), "ClientIP");
      const object = JSON.parse(await kubectl("get", "service", "web", "-o", "json"));
      object.spec.sessionAffinity = "None";
      await withInput(JSON.stringify(object), "replace", "-f", "-");
      assert.equal(await field("{.spec.sessionAffinity}", "service", "web"), "None");
    });

    test("scale, rollout restart and status, wait", async () => {
      await kubectl("scale", "deployment/web", "--replicas=3");
      await kubectl("rollout", "status", "deployment/web", "--timeout=60s");
      assert.equal(await field("{.status.readyReplicas}", "deployment", "web"), "3");
      await kubectl("rollout", "restart", "deployment/web");
      await kubectl("rollout", "status", "deployment/web", "--timeout=60s");
      await kubectl("wait", "--for=condition=Available", "deployment/web", "--timeout=30s");
      assert.match(await kubectl("rollout", "history", "deployment/web"), /REVISION/);
    });

    test("what it would create in protobuf is refused with the way round it, which works", async () => {
      const create = ["create", "configmap", "made", "--from-literal=a=b"];
      // 1.20 sends JSON.
      if (minor > 20)
        assert.match(
          await fails(kubectl(...create)),
          /protobuf.* kubectl create … --dry-run=client -o yaml \| kubectl apply/,
        );
      const yaml = await kubectl(...create, "--dry-run=client", "-o", "yaml");
      assert.match(await withInput(yaml, "apply", "-f", "-"), /configmap\/made created/);
      await kubectl("delete", "configmap", "made");
    });

    test("--dry-run=server checks all and stores nothing", async () => {
      const object = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dry"},"data":{"a":"b"}}';
      assert.match(
        await withInput(object, "create", "--dry-run=server", "-f", "-"),
        /configmap\/dry created \(server dry run\)/,
      );
      assert.match(await fails(kubectl("get", "configmap", "dry")), /not found/);
      const bad =
        '{"apiVersion":"v1","kind":"Service","metadata":{"name":"dry"},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":80}]}}';
      assert.match(
        await fails(withInput(bad, "create", "--dry-run=server", "-f", "-")),
        /spec\.ports\[0\]\.nodePort.*30000-32767/,
      );
    });

    test("logs and logs -f", async () => {
      const pod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"talker"},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"busybox","command":["sh","-c","for i in 1 2 3; do echo line $i; sleep 0.3; done"]}]}}`;
      await withInput(pod, "create", "-f", "-");
      await eventually("the container wrote", 20, async () =>
        (await kubectl("logs", "talker")).includes("line 1") ? true : undefined,
      );
      assert.equal(await kubectl("logs", "-f", "talker"), "line 1\nline 2\nline 3\n");
      assert.equal(await kubectl("logs", "--tail=1", "talker"), "line 3\n");
      assert.match(await kubectl("logs", "--timestamps", "talker"), /^20\d\d-\d\d-\d\dT\S+Z line 1$/m);
      await eventually("it Succeeded", 10, async () =>
        (await field("{.status.phase}", "pod", "talker")) === "Succeeded" ? true : undefined,
      );
      await kubectl("delete", "pod", "talker");
    });

    if (minor >= 30) {
      test("exec: output, input, exit status", async () => {
        assert.match(await kubectl("exec", "deploy/web", "--", "cat", "/etc/resolv.conf"), /nameserver 10\.96\.0\.10/);
        assert.equal(await withInput("to and fro", "exec", "-i", "deploy/web", "--", "cat"), "to and fro");
        const error = await kubectl("exec", "deploy/web", "--", "sh", "-c", "exit 3").catch((e: unknown) => e);
        assert.ok(error instanceof CommandError && error.code === 3, String(error));
      });
    }

    test("delete: gone, with what it owned; orphans stay when asked", async () => {
      const other = manifest.replaceAll("web", "other").split("---")[0]!;
      await withInput(other, "apply", "-f", "-");
      await kubectl("rollout", "status", "deployment/other", "--timeout=60s");
      await kubectl("delete", "deployment", "other", "--cascade=orphan");
      assert.match(await kubectl("get", "replicasets", "-l", "app=other", "-o", "name"), /replicaset/);
      await kubectl("delete", "replicaset", "-l", "app=other");
      await eventually("its Pods are gone", 30, async () =>
        (await kubectl("get", "pods", "-l", "app=other", "-o", "name")) === "" ? true : undefined,
      );
    });

    test("a finalizer holds an object until it is removed", async () => {
      const object =
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"held","finalizers":["example.com/hold"]}}';
      await withInput(object, "create", "-f", "-");
      await kubectl("delete", "configmap", "held", "--wait=false");
      assert.notEqual(await field("{.metadata.deletionTimestamp}", "configmap", "held"), "");
      await kubectl("patch", "configmap", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}');
      assert.match(await fails(kubectl("get", "configmap", "held")), /not found/);
    });

    test("bad input gets what Kubernetes says", async () => {
      const create = (object: unknown) => fails(withInput(JSON.stringify(object), "create", "-f", "-"));
      const service = (name: string, port: unknown) => ({
        apiVersion: "v1",
        kind: "Service",
        metadata: { name },
        spec: { type: "NodePort", ports: [port] },
      });
      assert.match(await create(service("Bad_Name", { port: 80 })), /metadata\.name: Invalid value: "Bad_Name"/);
      assert.match(
        await create(service("a", { port: 70000 })),
        /spec\.ports\[0\]\.port: Invalid value: 70000: must be between 1 and 65535, inclusive/,
      );
      assert.match(
        await create(service("a", { port: 80, nodePort: 80 })),
        /provided port is not in the valid range\. The range of valid ports is 30000-32767/,
      );
      await withInput(JSON.stringify(service("taker", { port: 80, nodePort: 31999 })), "create", "-f", "-");
      assert.match(await create(service("a", { port: 80, nodePort: 31999 })), /provided port is already allocated/);
      await kubectl("delete", "service", "taker");
      if (minor >= 27) {
        assert.match(await create({ ...service("a", { port: 80 }), spce: {} }), /unknown field "spce"/);
      }
      assert.match(
        await create({ apiVersion: "apps/v9", kind: "Deployment", metadata: { name: "a" } }),
        /no matches for kind "Deployment" in version "apps\/v9"/,
      );
      assert.match(
        await create({ apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "a" }, spec: {} }),
        /no matches for kind "StatefulSet" in version "apps\/v1"/,
      );
      const file = join(directory, `${namespace}.yaml`);
      await writeFile(file, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n bad: [\n");
      assert.match(await fails(kubectl("apply", "-f", file)), /line \d/);
    });

    test("a namespace goes with everything in it", async () => {
      await kubectl("delete", "namespace", namespace, "--timeout=60s");
      assert.match(await fails(kubectl("get", "namespace", namespace)), /not found/);
      assert.equal(await kubectl("get", "pods", "-o", "name"), "");
    });
  }

  test("the kubeconfig is for its owner only; without an identity there is no answer but 401", async () => {
    assert.equal((await stat(cluster.kubeconfig)).mode & 0o777, 0o600);
    const server = (await cluster.kubectl("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}")).trim();
    const status = await run("curl", ["-sk", "-o", "/dev/null", "-w", "%{http_code}", `${server}/api/v1/pods`]);
    assert.equal(status, "401");
  });
});
