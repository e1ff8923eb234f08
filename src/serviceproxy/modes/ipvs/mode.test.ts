import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePrefix } from "../../../ip/prefix.ts";
import { FakeKernel, IpvsFixture } from "../../testing/ipvs-fixture.ts";
import { expandService, expandSlice, type ShortService } from "../../testing/objects.ts";

const web: ShortService = {
  service: "shop/web",
  ip: "10.96.0.20",
  type: "NodePort",
  ports: ["http/TCP 80 node 30080"],
};
const slice = (...endpoints: string[]) =>
  expandSlice({ slice: "shop/web-1", of: "web", ports: ["http/TCP 8080", "dns/UDP 53"], endpoints });

async function start(short: ShortService, ...endpoints: string[]): Promise<IpvsFixture> {
  const fixture = new IpvsFixture();
  fixture.inputs.setService(expandService(short));
  fixture.inputs.setSlice(slice(...endpoints));
  await fixture.sync();
  fixture.kernel.calls.length = 0;
  return fixture;
}

describe("what a change costs", () => {
  test("nothing is written before there is a Service", async () => {
    const fixture = new IpvsFixture();
    await fixture.sync();
    assert.deepEqual([fixture.kernel.calls, fixture.kernel.sets.size], [[], 0]);
  });

  test("an endpoint elsewhere comes and goes: one request at each place, no set, no rule", async () => {
    const fixture = await start(web, "10.32.4.7 @other");
    fixture.inputs.setSlice(slice("10.32.4.7 @other", "10.32.8.9 @other"));
    await fixture.apply();
    const places = ["10.96.0.20:80", "192.168.0.2:30080", "192.168.1.2:30080"];
    assert.deepEqual(
      fixture.kernel.calls,
      places.map((place) => `add TCP ${place} 10.32.8.9:8080`),
    );
    fixture.kernel.calls.length = 0;
    fixture.inputs.setSlice(slice("10.32.8.9 @other"));
    await fixture.apply();
    assert.deepEqual(
      fixture.kernel.calls,
      places.map((place) => `weight 0 TCP ${place} 10.32.4.7:8080`),
    );
  });

  test("a Service without endpoints is refused before its servers go, and served before it is no longer refused", async () => {
    const fixture = await start({ ...web, type: "ClusterIP", ports: ["http/TCP 80"] }, "10.32.4.7 @other");
    fixture.inputs.setSlice(slice());
    await fixture.apply();
    assert.deepEqual(fixture.kernel.calls, [
      "add FAIRWAY-REJECT 10.96.0.20,tcp:80",
      "remove FAIRWAY-CLUSTER 10.96.0.20,tcp:80",
      "weight 0 TCP 10.96.0.20:80 10.32.4.7:8080",
      "delete TCP 10.96.0.20:80 10.32.4.7:8080",
      "delete TCP 10.96.0.20:80",
    ]);
    fixture.kernel.calls.length = 0;
    fixture.inputs.setSlice(slice("10.32.4.7 @other"));
    await fixture.apply();
    assert.deepEqual(fixture.kernel.calls, [
      "add FAIRWAY-CLUSTER 10.96.0.20,tcp:80",
      "add TCP 10.96.0.20:80",
      "add TCP 10.96.0.20:80 10.32.4.7:8080",
      "remove FAIRWAY-REJECT 10.96.0.20,tcp:80",
    ]);
  });

  test("a new Service's address is held last", async () => {
    const fixture = await start(web, "10.32.4.7 @other");
    fixture.inputs.setService(expandService({ service: "shop/db", ip: "10.96.0.21", ports: ["sql/TCP 5432"] }));
    await fixture.apply();
    assert.deepEqual(fixture.kernel.calls, [
      "add FAIRWAY-REJECT 10.96.0.21,tcp:5432",
      "add FAIRWAY-ADDRESSES 10.96.0.21",
      "hold 10.96.0.21",
    ]);
  });
});

describe("graceful removal", () => {
  const place = "TCP 10.96.0.20:80";
  const service: ShortService = { service: "shop/web", ip: "10.96.0.20", ports: ["http/TCP 80"] };
  const weights = ({ kernel }: IpvsFixture) =>
    Object.fromEntries([...(kernel.servers.get(place)?.reals ?? [])].map(([text, { weight }]) => [text, weight]));

  test("an endpoint with connections stays at weight 0 until it has none", async () => {
    const fixture = await start(service, "10.32.0.3", "10.32.0.5");
    fixture.kernel.connections.set(`${place} 10.32.0.3:8080`, 1);
    fixture.inputs.setSlice(slice("10.32.0.5"));
    await fixture.apply();
    await fixture.mode.retire();
    assert.deepEqual(weights(fixture), { "10.32.0.3:8080": 0, "10.32.0.5:8080": 1 });
    fixture.kernel.connections.clear();
    await fixture.mode.retire();
    assert.deepEqual(weights(fixture), { "10.32.0.5:8080": 1 });
  });

  test("one that comes back gets its weight again", async () => {
    const fixture = await start(service, "10.32.0.3", "10.32.0.5");
    fixture.inputs.setSlice(slice("10.32.0.5"));
    await fixture.apply();
    fixture.inputs.setSlice(slice("10.32.0.3", "10.32.0.5"));
    await fixture.apply();
    await fixture.mode.retire();
    assert.deepEqual(weights(fixture), { "10.32.0.3:8080": 1, "10.32.0.5:8080": 1 });
  });

  test("a Service that is deleted keeps its address and takes no new connections until the last one ends", async () => {
    const fixture = await start(service, "10.32.0.3");
    fixture.kernel.connections.set(`${place} 10.32.0.3:8080`, 1);
    fixture.inputs.deleteService(expandService(service));
    await fixture.apply();
    assert.deepEqual(weights(fixture), { "10.32.0.3:8080": 0 });
    assert.ok(fixture.kernel.addresses.get(3)?.has("10.96.0.20"));
    // Another process takes it up.
    const next = await fixture.restart(fixture.kernel);
    assert.deepEqual(weights(next), { "10.32.0.3:8080": 0 });
    fixture.kernel.connections.clear();
    await next.mode.retire();
    assert.equal(fixture.kernel.servers.size, 0);
    assert.equal(fixture.kernel.addresses.get(3)?.size, 0);
    assert.equal(fixture.kernel.sets.get("FAIRWAY-ADDRESSES")?.size, 0);
  });

  test("what waits to become idle is looked at while the mode does other things too", async () => {
    const fixture = await start(service, "10.32.0.3", "10.32.0.5");
    fixture.inputs.setSlice(slice("10.32.0.5"));
    await fixture.apply();
    const { mode } = fixture;
    const [intact] = await Promise.all([mode.isIntact(), mode.retire(), fixture.sync(), mode.retire()]);
    assert.ok(intact);
    assert.deepEqual(weights(fixture), { "10.32.0.5:8080": 1 });
    assert.deepEqual(fixture.kernel.calls.slice(-1), [`delete ${place} 10.32.0.3:8080`]);
  });

  test("one that cannot be removed keeps no other, and is tried again", async () => {
    const both = { ...service, ports: ["http/TCP 80", "more/TCP 81"] };
    const fixture = await start(both);
    const endpoints = (...addresses: string[]) =>
      expandSlice({ slice: "shop/web-1", of: "web", ports: ["http/TCP 8080", "more/TCP 8081"], endpoints: addresses });
    fixture.inputs.setSlice(endpoints("10.32.0.3", "10.32.0.5"));
    await fixture.apply();
    fixture.inputs.setSlice(endpoints("10.32.0.5"));
    await fixture.apply();
    const { kernel, mode } = fixture;
    const { deleteRealServer } = kernel.ipvs;
    kernel.calls.length = 0;
    kernel.ipvs.deleteRealServer = ({ port }) => {
      throw new Error(`refused at ${port}`);
    };
    await assert.rejects(mode.retire(), ({ errors }: AggregateError) => {
      assert.deepEqual(errors.map(String).sort(), ["Error: refused at 80", "Error: refused at 81"]);
      return true;
    });
    kernel.ipvs.deleteRealServer = (address, real) => {
      if (address.port === 80) throw new Error("refused");
      deleteRealServer(address, real);
    };
    await assert.rejects(mode.retire(), /refused/);
    assert.deepEqual(kernel.calls, ["delete TCP 10.96.0.20:81 10.32.0.3:8081"]);
    kernel.ipvs.deleteRealServer = deleteRealServer;
    await mode.retire();
    assert.deepEqual(weights(fixture), { "10.32.0.5:8080": 1 });
  });

  test("UDP: at once, or the client's flow would never leave it", async () => {
    const fixture = await start({ ...service, ports: ["dns/UDP 53"] }, "10.32.0.3", "10.32.0.5");
    fixture.inputs.setSlice(slice("10.32.0.5"));
    await fixture.apply();
    assert.deepEqual(fixture.kernel.calls, ["delete UDP 10.96.0.20:53 10.32.0.3:53"]);
  });

  test("dh: at once, for it sends nobody elsewhere", async () => {
    const fixture = new IpvsFixture({ scheduler: "dh" });
    fixture.inputs.setService(expandService(service));
    fixture.inputs.setSlice(slice("10.32.0.3", "10.32.0.5"));
    await fixture.sync();
    fixture.inputs.setSlice(slice("10.32.0.5"));
    await fixture.apply();
    assert.deepEqual(weights(fixture), { "10.32.0.5:8080": 1 });
  });
});

test("addresses that the kernel does not take are left out, told once, and everything else is served", async () => {
  const fixture = await start({ ...web, external: ["224.0.1.1", "203.0.113.9"] }, "10.32.0.3", "224.0.1.2");
  fixture.inputs.setService(expandService({ service: "shop/more", ip: "10.96.0.21", ports: ["http/TCP 80"] }));
  await fixture.apply();
  await fixture.sync();
  const { servers, addresses } = fixture.kernel;
  assert.deepEqual([...addresses.get(3)!].sort(), ["10.96.0.20", "10.96.0.21", "203.0.113.9"]);
  assert.deepEqual([...servers.get("TCP 203.0.113.9:80")!.reals.keys()], ["10.32.0.3:8080"]);
  assert.ok(await fixture.mode.isIntact());
  assert.deepEqual(fixture.refused.toSorted(), [
    "address 224.0.1.1",
    ...["10.96.0.20:80", "192.168.0.2:30080", "192.168.1.2:30080", "203.0.113.9:80", "224.0.1.1:80"].map(
      (place) => `endpoint 224.0.1.2:8080 of TCP ${place}`,
    ),
  ]);
  fixture.inputs.deleteService(expandService(web));
  await fixture.apply();
  assert.deepEqual([...addresses.get(3)!], ["10.96.0.21"]);
});

describe("what is there already", () => {
  const damages: [string, (kernel: FakeKernel) => void][] = [
    ["virtual servers", (kernel) => kernel.servers.clear()],
    ["an address", (kernel) => kernel.addresses.get(3)?.delete("10.96.0.20")],
    ["the device", (kernel) => kernel.devices.removeDevice("kube-ipvs0")],
    ["a set's elements", (kernel) => kernel.sets.get("FAIRWAY-CLUSTER")?.clear()],
    ["rules", (kernel) => kernel.rules.tables.nat.get("FAIRWAY-IPVS-SERVICES")?.splice(0)],
    ["a jump", (kernel) => kernel.rules.tables.filter.get("INPUT")?.splice(0)],
  ];
  for (const [name, damage] of damages)
    test(`${name} that somebody removed: noticed, and made again`, async () => {
      const fixture = await start(web, "10.32.0.3 @test-node");
      assert.ok(await fixture.mode.isIntact());
      const before = fixture.kernel.comparable();
      damage(fixture.kernel);
      assert.equal(await fixture.mode.isIntact(), false);
      await fixture.sync();
      assert.deepEqual(fixture.kernel.comparable(), before);
    });

  test("an address that the node gets later serves node ports, and one of a Service's is no longer held", async () => {
    const fixture = await start({ ...web, external: ["203.0.113.9"] }, "10.32.0.3");
    fixture.kernel.addresses.get(2)?.add("203.0.113.9");
    assert.equal(await fixture.mode.isIntact(), false);
    await fixture.sync();
    assert.ok(fixture.kernel.servers.has("TCP 203.0.113.9:30080"));
    assert.deepEqual([...fixture.kernel.addresses.get(3)!], ["10.96.0.20"]);
  });

  test("virtual servers at excluded addresses stay, others go", async () => {
    const kernel = new FakeKernel();
    const server = {
      protocol: "TCP",
      port: 80,
      scheduler: "wlc",
      hashPort: false,
      hashFallback: false,
      persistence: 0,
    } as const;
    for (const address of ["198.51.100.7", "203.0.113.7"]) kernel.ipvs.addServer({ ...server, address });
    const fixture = new IpvsFixture({ excluded: [parsePrefix("198.51.100.0/24")!] }, kernel);
    fixture.inputs.setService(expandService(web));
    fixture.inputs.setSlice(slice("10.32.0.3"));
    await fixture.sync();
    assert.ok(kernel.servers.has("TCP 198.51.100.7:80"));
    assert.ok(!kernel.servers.has("TCP 203.0.113.7:80"));
    await fixture.mode.cleanup();
    assert.deepEqual([...kernel.servers.keys()], ["TCP 198.51.100.7:80"]);
  });

  test("another scheduler and affinity are given to the servers that are there", async () => {
    const { kernel, inputs, table } = await start(web, "10.32.0.3");
    const fixture = new IpvsFixture({ scheduler: "mh" }, kernel);
    Object.assign(fixture, { inputs, table });
    inputs.setService(expandService({ ...web, affinity: 60 }));
    await fixture.sync();
    const { server } = kernel.servers.get("TCP 10.96.0.20:80")!;
    assert.deepEqual([server.scheduler, server.hashPort, server.persistence], ["mh", true, 60]);
    assert.ok(kernel.calls.every((call) => call.startsWith("change TCP ")));
  });

  test("a cleanup leaves nothing", async () => {
    const fixture = await start(web, "10.32.0.3");
    await fixture.mode.cleanup();
    const { kernel } = fixture;
    assert.deepEqual([kernel.servers.size, kernel.sets.size, kernel.addresses.get(3)], [0, 0, undefined]);
    assert.deepEqual(kernel.rules.tables, new FakeKernel().rules.tables);
  });
});
