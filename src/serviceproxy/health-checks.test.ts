import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "../ip/address.ts";
import { compileService, type NodeContext } from "./compile/compile.ts";
import { HealthChecks } from "./health-checks.ts";
import { nodePortAddresses } from "./node-port-addresses.ts";
import { ServiceTable } from "./table.ts";
import { expandService, expandSlice } from "./testing/objects.ts";
import data from "./testing/service-health.json" with { type: "json" };

const node: NodeContext = { nodeName: "here", addresses: [], families: [4] };

/** A table of Services of type LoadBalancer and policy Local, by name: port and number of ready endpoints here. */
class World {
  readonly table = new ServiceTable();
  readonly services = new Map<string, number>();
  ready = new Map<string, number>();
  isHealthy = true;
  /** Addresses of the node. */
  readonly own: Address[] = [{ family: 4, value: 0x7f00_0001n }];
  readonly failures: string[] = [];
  readonly checks: HealthChecks;

  constructor(ranges: string[]) {
    this.checks = new HealthChecks({
      addresses: (family) => nodePortAddresses(ranges, family, [], this.own),
      isProxyHealthy: () => this.isHealthy,
      onFailure: ({ namespace, name }, port) => this.failures.push(`${namespace}/${name}:${port}`),
    });
  }

  sync(names: Iterable<string>): void {
    for (const name of names) {
      const health = this.services.get(name);
      const service = expandService({
        service: name,
        ip: "10.96.0.20",
        type: "LoadBalancer",
        etp: "Local",
        ports: ["http/TCP 80 node 30080", "more/TCP 81 node 30081"],
        health,
      });
      const count = this.ready.get(name) ?? 0;
      const endpoints = Array.from({ length: count }, (_, index) => `10.1.0.${index + 1} @here`);
      const slice = expandSlice({
        slice: `${name}-1`,
        of: name.split("/")[1],
        ports: ["http/TCP 80", "more/TCP 81"],
        endpoints: [...endpoints, "10.2.0.1 @elsewhere", "10.1.1.1 @here ready=no serving=yes terminating=yes"],
      });
      const { rows } = compileService(health === undefined ? undefined : service, [slice], node);
      this.table.setUnit(name, rows);
    }
    this.checks.note(this.table.takeChanges());
    this.checks.apply(this.table);
  }
}

interface Answer {
  status: number | undefined;
  headers: Record<string, unknown>;
  body: unknown;
}

/** Undefined: nobody listens. */
async function get(port: number, host = "127.0.0.1"): Promise<Answer | undefined> {
  const asking = request({ host, port, path: "/any/path", agent: false });
  const answered = new Promise<Answer | undefined>((resolve) => {
    asking.on("error", () => resolve(undefined));
    asking.on("response", async (response) => {
      const chunks = await response.toArray();
      const { statusCode: status, headers } = response;
      resolve({ status, headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
    });
  });
  asking.end();
  return answered;
}

/** Waits for servers to come up or go. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) {
    if (await condition()) return;
    await sleep(10);
  }
  assert.fail("did not come about");
}

function readPairs(words: string[]): [string, number][] {
  return words
    .filter((word) => word !== "-")
    .map((word) => {
      const [name = "", value] = word.split(":");
      return [name, Number(value)];
    });
}

for (const { name, addresses, steps } of data.cases)
  test(name, async (t) => {
    const world = new World(addresses);
    t.after(() => world.checks.close());
    const everyPort = new Set(
      steps.flatMap((step) => [...step.matchAll(/:(\d{4,5})\b/g)].map(([, port]) => Number(port))),
    );
    for (const step of steps) {
      const [said = "", expected = ""] = step.split(" => ");
      const [verb, ...words] = said.split(" ");
      if (verb === "services") {
        const before = [...world.services.keys()];
        const kept = new Map(world.services);
        world.services.clear();
        for (const [service, port] of readPairs(words)) {
          world.services.set(service, port);
          if (kept.get(service) !== port) world.ready.delete(service);
        }
        world.sync(new Set([...before, ...world.services.keys()]));
        const listening = new Set([...expected.matchAll(/:(\d+)/g)].map(([, port]) => Number(port)));
        for (const port of everyPort)
          await until(async () => ((await get(port)) !== undefined) === listening.has(port));
      } else if (verb === "ready") {
        const before = [...world.ready.keys()];
        world.ready = new Map(readPairs(words));
        world.sync(new Set([...before, ...world.ready.keys()]));
      } else {
        const [service = "", health] = words;
        world.isHealthy = health === "healthy";
        const answer = await get(world.services.get(service)!);
        const [status, weight] = expected.split(" ").map(Number);
        const [namespace, own] = service.split("/");
        assert.equal(answer?.status, status, step);
        assert.equal(answer?.headers["x-load-balancing-endpoint-weight"], String(weight), step);
        assert.equal(answer?.headers["content-type"], "application/json");
        assert.equal(answer?.headers["x-content-type-options"], "nosniff");
        assert.deepEqual(answer?.body, {
          service: { namespace, name: own },
          localEndpoints: weight,
          serviceProxyHealthy: world.isHealthy,
        });
      }
    }
  });

test("other addresses are listened on when the node has others", async (t) => {
  const world = new World(["127.0.0.0/8"]);
  t.after(() => world.checks.close());
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  world.services.set("a/b", port);
  world.ready.set("a/b", 1);
  world.sync(["a/b"]);
  await until(async () => (await get(port))?.status === 200);
  assert.equal(await get(port, "127.0.0.2"), undefined);
  world.own.push({ family: 4, value: 0x7f00_0002n });
  world.checks.rebind();
  for (const host of ["127.0.0.1", "127.0.0.2"]) await until(async () => (await get(port, host))?.status === 200);
  assert.deepEqual(world.failures, []);
});

test("a port that is taken is told once; other Services are checked all the same", async (t) => {
  const taken = createServer().listen(0, "0.0.0.0");
  const free = createServer().listen(0, "0.0.0.0");
  await Promise.all([once(taken, "listening"), once(free, "listening")]);
  const [takenPort, freePort] = [taken, free].map((server) => (server.address() as AddressInfo).port) as [
    number,
    number,
  ];
  free.close();
  await once(free, "close");
  const world = new World([]);
  t.after(() => {
    world.checks.close();
    taken.close();
  });
  world.services.set("a/taken", takenPort).set("a/free", freePort);
  world.ready.set("a/taken", 1).set("a/free", 1);
  world.sync(world.services.keys());
  await until(async () => (await get(freePort))?.status === 200);
  assert.deepEqual(world.failures, [`a/taken:${takenPort}`]);
});
