/** The node agent, end to end: real Pods in real namespaces, driven by kubectl through a real API server. */
import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { worldPaths } from "../src/cluster/config.ts";
import { podNetwork } from "../src/cluster/pods/network.ts";
import type { Pod } from "../src/kubernetes/types.ts";
import { run } from "../src/linux/command.ts";
import { eventually, inOwnMachine, node, nodeAddress, OneNode } from "./support/one-node.ts";

function pod(name: string, container: object, spec: object = {}): object {
  const containers = [{ name: "c", ...container }];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { terminationGracePeriodSeconds: 3, ...spec, containers },
  };
}

/** A container of the host's shell. */
function shell(script: string, more: object = {}): object {
  return { image: "host/sh", command: ["sh", "-c", script], ...more };
}

const forever = "while :; do sleep 0.1; done";

if (inOwnMachine(import.meta.url)) await tests();

async function tests(): Promise<void> {
  const { before, describe, test } = await import("node:test");
  let cluster: OneNode;
  const ready = (name: string) => cluster.kubectl("wait", "--for=condition=Ready", `pod/${name}`, "--timeout=20s");
  const read = (name: string) => cluster.get<Pod>("pod", name);
  const statusOf = async (name: string) => (await read(name)).status?.containerStatuses?.[0];
  /** Network namespaces of a Pod: one, or none when it has given its own back. */
  const networksOf = async (name: string) => {
    const { netns } = podNetwork((await read(name)).metadata?.uid ?? "", "0.0.0.0");
    return (await readdir("/run/netns")).filter((entry) => entry === netns);
  };
  /** Every socket on which the demo server listens is held by the agent too. */
  const held = () =>
    eventually("the agent holds the sockets", async () => {
      const [server, agent] = await Promise.all([cluster.listeners("demo-server"), cluster.listeners("agent")]);
      assert.ok(server.length > 0);
      assert.deepEqual(
        server.filter((socket) => !agent.includes(socket)),
        [],
      );
    });
  const until = (name: string, what: string, holds: (pod: Pod) => boolean) =>
    eventually(`${name}: ${what}`, async () => {
      const found = await read(name);
      if (!holds(found)) throw new Error(JSON.stringify(found.status));
      return found;
    });

  before(async () => {
    cluster = await OneNode.start();
  });

  describe("containers", () => {
    test("a process runs with environment, arguments and an address of the node's range", async () => {
      const env = [
        { name: "GREETING", value: "hello" },
        { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      ];
      await cluster.apply(
        pod("plain", { ...shell(`echo "$0 $IP"; ${forever}`, { env }), args: ["$(GREETING)-$(NOBODY)"] }),
      );
      await ready("plain");
      const { podIP, hostIP, phase } = (await read("plain")).status ?? {};
      assert.equal(phase, "Running");
      assert.equal(hostIP, nodeAddress);
      assert.match(podIP ?? "", /^10\.32\.\d+\.\d+$/);
      assert.equal(await cluster.kubectl("logs", "plain"), `hello-$(NOBODY) ${podIP}\n`);
      assert.match(await cluster.kubectl("logs", "plain", "--timestamps"), /^\d{4}-\d\d-\d\dT[\d:.]+Z hello/);
    });

    test("what it writes stays in it, and the cluster's secrets stay out of it", async () => {
      await cluster.apply(pod("walled", shell(`touch /fairway-leak; ${forever}`)));
      await ready("walled");
      await assert.rejects(stat("/fairway-leak"), /ENOENT/);
      assert.equal((await cluster.exec("walled", "ls", "/fairway-leak")).trim(), "/fairway-leak");
      const listed = await cluster.exec(
        "walled",
        "sh",
        "-c",
        "ls -A /run; ls -A /tmp; readlink /proc/1/exe; cat /etc/hostname",
      );
      assert.doesNotMatch(listed, /fairway/);
      assert.match(listed, /walled/);
    });

    test("the host's kernel settings are out of its reach", async () => {
      const write = "echo 4 >/proc/sys/kernel/printk || echo refused";
      assert.match(await cluster.exec("walled", "sh", "-c", `(${write}) 2>&1`), /Read-only file system[\s\S]*refused/);
      assert.equal(
        (await cluster.exec("walled", "sh", "-c", "mount -o remount,rw /proc/sys 2>&1 || echo no")).includes("no"),
        true,
      );
    });

    test("exec gives back output, input and exit status, with a terminal too", async () => {
      await cluster.apply(pod("inside", shell(forever)));
      await ready("inside");
      assert.equal(await cluster.exec("inside", "hostname"), "inside\n");
      await assert.rejects(cluster.exec("inside", "sh", "-c", "exit 7"), /exit code 7/);
      const input = { env: cluster.environment, input: "through stdin" };
      assert.equal(await run("kubectl", ["exec", "-i", "inside", "--", "cat"], input), "through stdin");
      const command = "kubectl exec -it inside -- sh -c 'test -t 0 && test -t 1 && echo terminal; exit 0'";
      assert.match(await run("script", ["-qec", command, "/dev/null"], { env: cluster.environment }), /terminal/);
    });

    test("it runs as the user that the Pod names, without capabilities that it drops", async () => {
      const securityContext = {
        runAsUser: 1234,
        runAsGroup: 5678,
        capabilities: { drop: ["ALL"] },
        allowPrivilegeEscalation: false,
      };
      await cluster.apply(pod("nobody", shell(forever, { securityContext })));
      await ready("nobody");
      assert.match(await cluster.exec("nobody", "id"), /uid=1234.*gid=5678/);
      const status = await cluster.exec("nobody", "cat", "/proc/1/status");
      assert.match(status, /^Uid:\s+1234/m);
      assert.match(status, /^CapBnd:\s+0{16}$/m);
      assert.match(status, /^NoNewPrivs:\s+1$/m);
    });

    test("init containers run in order, then a sidecar, then the others", async () => {
      const volumeMounts = [{ name: "shared", mountPath: "/shared" }];
      const step = (name: string, more: object = {}) => ({
        name,
        volumeMounts,
        ...shell(`echo ${name} >>/shared/order`),
        ...more,
      });
      const sidecar = step("sidecar", {
        ...shell(`echo sidecar >>/shared/order; ${forever}`),
        restartPolicy: "Always",
      });
      await cluster.apply(
        pod("ordered", shell(`cat /shared/order; ${forever}`, { volumeMounts }), {
          volumes: [{ name: "shared", emptyDir: {} }],
          initContainers: [step("first"), step("second"), sidecar],
        }),
      );
      await ready("ordered");
      // The sidecar counts as up when it runs, which may be before its first line.
      await eventually("the order", async () =>
        assert.equal(await cluster.exec("ordered", "cat", "/shared/order"), "first\nsecond\nsidecar\n"),
      );
    });
  });

  describe("configuration", () => {
    test("configMap and secret volumes, and a change of them", async () => {
      await cluster.apply(
        { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { colour: "red" } },
        { apiVersion: "v1", kind: "Secret", metadata: { name: "password" }, stringData: { word: "sesame" } },
        pod("configured", shell(forever, { volumeMounts: [{ name: "all", mountPath: "/all" }] }), {
          volumes: [
            {
              name: "all",
              projected: { sources: [{ configMap: { name: "settings" } }, { secret: { name: "password" } }] },
            },
          ],
        }),
      );
      await ready("configured");
      assert.equal(await cluster.exec("configured", "cat", "/all/colour", "/all/word"), "redsesame");
      await cluster.kubectl("patch", "configmap", "settings", "-p", '{"data":{"colour":"blue"}}');
      await eventually("the new value is in the Pod", async () =>
        assert.equal(await cluster.exec("configured", "cat", "/all/colour"), "blue"),
      );
    });

    test("a demo Pod's token lets it talk to the API as its ServiceAccount", async () => {
      await cluster.apply(pod("caller", { image: "fairway/echo" }));
      await ready("caller");
      const directory = "/var/run/secrets/kubernetes.io/serviceaccount";
      const url = "https://198.18.0.2:6443/api/v1/namespaces/default/pods";
      const script = `curl -sS --cacert ${directory}/ca.crt -H "Authorization: Bearer $(cat ${directory}/token)" ${url}`;
      assert.match(
        await cluster.exec("caller", "sh", "-c", script),
        /system:serviceaccount:default:default.*cannot list/,
      );
    });

    for (const [name, container, reason, message] of [
      ["unknown-image", { image: "no.such/image:1" }, /ErrImagePull|ImagePullBackOff/, /image table/],
      [
        "no-config",
        shell(forever, { env: [{ name: "X", valueFrom: { configMapKeyRef: { name: "absent", key: "k" } } }] }),
        /CreateContainerConfigError/,
        /configmap "absent" not found/,
      ],
      [
        "host-port",
        shell(forever, { ports: [{ containerPort: 80, hostPort: 80 }] }),
        /Unsupported/,
        /hostPort is not supported.*NodePort/,
      ],
    ] as const)
      test(`${name} waits, and says why`, async () => {
        await cluster.apply(pod(name, container));
        const found = await until(name, "waits with a reason", ({ status }) =>
          reason.test(status?.containerStatuses?.[0]?.state?.waiting?.reason ?? ""),
        );
        assert.match(found.status?.containerStatuses?.[0]?.state?.waiting?.message ?? "", message);
        await eventually("an event says so too", async () =>
          assert.match(
            await cluster.kubectl("get", "events", "--field-selector", `involvedObject.name=${name}`),
            message,
          ),
        );
        // kubectl asks a second time, with SPDY, and shows only what that was answered.
        await assert.rejects(cluster.exec(name, "true"), /container \S+ is not running/);
      });
  });

  describe("the life of a Pod", () => {
    test("a container that fails is restarted at once, then after a while, and its earlier log is kept", async () => {
      await cluster.apply(pod("crasher", shell("echo run; exit 3")));
      const found = await until(
        "crasher",
        "waits in back-off",
        ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === "CrashLoopBackOff",
      );
      assert.equal(found.status?.containerStatuses?.[0]?.restartCount, 1);
      assert.equal(found.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 3);
      assert.equal(found.status?.phase, "Running");
      assert.equal(await cluster.kubectl("logs", "crasher", "--previous"), "run\n");
    });

    for (const [name, policy, code, phase] of [
      ["done", "OnFailure", 0, "Succeeded"],
      ["failed", "Never", 4, "Failed"],
    ] as const)
      test(`restartPolicy ${policy} and exit status ${code} end in ${phase}`, async () => {
        await cluster.apply(pod(name, shell(`exit ${code}`), { restartPolicy: policy }));
        const found = await until(name, phase, ({ status }) => status?.phase === phase);
        assert.equal(found.status?.containerStatuses?.[0]?.state?.terminated?.exitCode, code);
      });

    test("a program that is not there is a start error", async () => {
      await cluster.apply(pod("absent", { image: "host/no-such-program" }, { restartPolicy: "Never" }));
      const { status } = await until("absent", "Failed", (found) => found.status?.phase === "Failed");
      assert.equal(status?.containerStatuses?.[0]?.state?.terminated?.reason, "StartError");
      assert.match(status?.containerStatuses?.[0]?.state?.terminated?.message ?? "", /no-such-program.*not found/);
      await eventually("the event", async () => {
        const query = [
          "--field-selector=involvedObject.name=absent,reason=Failed",
          "-o",
          "jsonpath={.items[*].message}",
        ];
        assert.match(await cluster.kubectl("get", "events", ...query), /^Error: .*no-such-program.*not found/);
      });
    });

    test("liveness restarts, readiness comes and goes", async () => {
      const probe = (path: string) => ({
        exec: { command: ["test", "-e", path] },
        periodSeconds: 1,
        failureThreshold: 1,
      });
      const container = shell(`touch /alive; ${forever}`, {
        livenessProbe: { ...probe("/alive"), initialDelaySeconds: 1 },
        readinessProbe: probe("/ready"),
      });
      await cluster.apply(pod("probed", container, { terminationGracePeriodSeconds: 1 }));
      await until("probed", "runs", ({ status }) => status?.containerStatuses?.[0]?.started === true);
      assert.equal((await statusOf("probed"))?.ready, false);
      await cluster.exec("probed", "touch", "/ready");
      await ready("probed");
      await cluster.exec("probed", "rm", "/alive");
      await until("probed", "restarted", ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1);
    });

    test("it ends with preStop, SIGTERM and its last words, and is gone", async () => {
      const container = shell(`trap 'echo got TERM; exit 0' TERM; ${forever}`, {
        lifecycle: { preStop: { exec: { command: ["sh", "-c", "sleep 2; echo preStop >/proc/1/fd/1"] } } },
      });
      await cluster.apply(pod("leaving", container, { terminationGracePeriodSeconds: 10 }));
      await ready("leaving");
      // It has the two seconds of preStop to attach.
      const following = run("kubectl", ["logs", "-f", "leaving"], { env: cluster.environment });
      await cluster.kubectl("delete", "pod", "leaving");
      assert.equal(await following, "preStop\ngot TERM\n");
      await assert.rejects(read("leaving"), /not found/);
    });

    test("a Pod made anew has another address, and nothing is left of the old one", async () => {
      await cluster.apply(pod("again", shell(forever)));
      await ready("again");
      const before = (await read("again")).status;
      await cluster.kubectl("delete", "pod", "again", "--grace-period=1");
      await cluster.apply(pod("again", shell(forever)));
      await ready("again");
      assert.notEqual((await read("again")).status?.podIP, before?.podIP);
      await eventually("the route is gone", async () =>
        assert.equal(await run("ip", ["route", "show", `${before?.podIP}`]), ""),
      );
    });
  });

  describe("demo containers", () => {
    test("kill 1 in it restarts it, as it would any container", async () => {
      await cluster.apply(pod("demo", { image: "fairway/echo" }));
      await ready("demo");
      const { podIP } = (await read("demo")).status ?? {};
      assert.match(await run("curl", ["-sS", "--max-time", "5", `http://${podIP}/`]), /default\/demo/);
      // The session may end with the container that it is in, before it can tell how the command ended.
      await cluster.exec("demo", "sh", "-c", "kill 1").catch(() => {});
      await until("demo", "restarted", ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1);
      await ready("demo");
      assert.equal((await read("demo")).status?.podIP, podIP);
      await eventually("answers again", () => run("curl", ["-sS", "--max-time", "5", `http://${podIP}/`]));
    });

    test("the death of the demo server costs its containers only the connections that they had", async () => {
      await cluster.apply(pod("kept", { image: "fairway/echo" }));
      await ready("kept");
      await held();
      const before = await read("kept");
      const address = `http://${before.status?.podIP}/`;
      cluster.signal("demo-server", "SIGKILL");
      const answer = run("curl", ["-sS", "--max-time", "20", address]);
      cluster.run("demo-server");
      assert.match(await answer, /default\/kept/);
      // A second death: what was taken over is held as well.
      await held();
      cluster.signal("demo-server", "SIGKILL");
      const again = run("curl", ["-sS", "--max-time", "20", address]);
      cluster.run("demo-server");
      assert.match(await again, /default\/kept/);
      assert.deepEqual(await statusOf("kept"), before.status?.containerStatuses?.[0]);
      await cluster.kubectl("delete", "pod", "kept");
      await assert.rejects(run("curl", ["-sS", "--max-time", "5", address]));
    });

    test("the death of the demo server and the agent restarts the containers", async () => {
      await cluster.apply(pod("served", { image: "fairway/echo" }));
      await ready("served");
      cluster.signal("agent", "SIGKILL");
      cluster.signal("demo-server", "SIGKILL");
      cluster.run("demo-server");
      cluster.run("agent");
      const { status } = await until(
        "served",
        "restarted",
        (found) => found.status?.containerStatuses?.[0]?.restartCount === 1,
      );
      await ready("served");
      await eventually("answers again", () => run("curl", ["-sS", "--max-time", "5", `http://${status?.podIP}/`]));
    });
  });

  describe("crashes", () => {
    test("kill -9 of the agent: Pods go on, are adopted, and what was asked meanwhile is done", async () => {
      await cluster.apply(pod("survivor", shell(`echo began; ${forever}`)), pod("victim", shell(forever)));
      await ready("survivor");
      await ready("victim");
      await cluster.apply(pod("finished", shell("exit 0"), { restartPolicy: "Never" }));
      const finished = await until("finished", "Succeeded", ({ status }) => status?.phase === "Succeeded");
      const before = await statusOf("survivor");
      await eventually("the finished Pod's network is gone", async () => {
        assert.deepEqual(await networksOf("finished"), []);
      });
      cluster.signal("agent", "SIGKILL");
      await run("ip", ["netns", "add", "pod-halfmade"]);
      await cluster.kubectl("delete", "pod", "victim", "--wait=false");
      cluster.run("agent");
      await cluster.kubectl("wait", "--for=delete", "pod/victim", "--timeout=20s");
      assert.deepEqual(await statusOf("survivor"), before);
      assert.equal(await eventually("exec", () => cluster.exec("survivor", "echo", "here")), "here\n");
      assert.equal(await cluster.kubectl("logs", "survivor"), "began\n");
      assert.ok(!(await readdir("/run/netns")).includes("pod-halfmade"));
      assert.deepEqual(await networksOf("finished"), []);
      assert.equal((await read("finished")).status?.podIP, finished.status?.podIP);
    });

    test("a frozen API server costs no Pod, also not when the agent starts meanwhile", async () => {
      await cluster.apply(pod("steady", { image: "fairway/echo" }));
      await ready("steady");
      const before = await read("steady");
      const answer = () => run("curl", ["-sS", "--max-time", "5", `http://${before.status?.podIP}/`]);
      cluster.signal("apiserver", "SIGSTOP");
      cluster.signal("agent", "SIGKILL");
      cluster.run("agent");
      try {
        for (let times = 0; times < 10; times += 1) {
          assert.match(await answer(), /default\/steady/);
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      } finally {
        cluster.signal("apiserver", "SIGCONT");
      }
      await eventually("the agent is back", () => cluster.exec("steady", "true"));
      assert.deepEqual((await statusOf("steady"))?.containerID, before.status?.containerStatuses?.[0]?.containerID);
    });
  });

  describe("the agent's server", () => {
    const ask = async (credentials: { cert?: Buffer; key?: Buffer }) => {
      const ca = await readFile(join(worldPaths().pki, "ca.crt"));
      return new Promise<number | undefined>((resolve, reject) => {
        const asked = request({ host: nodeAddress, port: 10250, path: "/healthz", ca, ...credentials, agent: false });
        asked.on("response", (response) => resolve(response.resume().statusCode)).on("error", reject);
        asked.end();
      });
    };
    const load = async (directory: string, name: string) => ({
      cert: await readFile(join(directory, `${name}.crt`)),
      key: await readFile(join(directory, `${name}.key`)),
    });

    test("lets the API server in, and nobody else", async () => {
      assert.equal(await ask(await load(worldPaths().pki, "kubelet-client")), 200);
      assert.equal(await ask(await load(worldPaths().node(node), "node")), 403);
      await assert.rejects(ask({}));
    });
  });
}
