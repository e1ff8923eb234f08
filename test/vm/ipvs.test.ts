/** The kernel's IPVS over netlink, in the virtual machine: what it is told it lists, and what it lists `/proc/net/ip_vs` shows too. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { Ipvs, IpvsMissingError } from "../../src/linux/ipvs/ipvs.ts";
import type { VirtualServer } from "../../src/linux/ipvs/server.ts";

const ipvs = new Ipvs();
after(() => ipvs.close());

const web: VirtualServer = {
  protocol: "TCP",
  address: "10.96.0.20",
  port: 80,
  scheduler: "rr",
  hashPort: false,
  hashFallback: false,
  persistence: 0,
};
const six: VirtualServer = {
  ...web,
  protocol: "UDP",
  address: "fd00:96::20",
  port: 53,
  scheduler: "wrr",
  persistence: 600,
};
const idle = { activeConnections: 0, inactiveConnections: 0 };

test("has kube-proxy's schedulers, and says which module another one would need", () => {
  for (const scheduler of ["rr", "wrr", "lc", "wlc", "sh", "dh", "sed", "nq", "mh"]) ipvs.probeScheduler(scheduler);
  assert.throws(
    () => ipvs.probeScheduler("best"),
    (error) => error instanceof IpvsMissingError && error.message.includes("ip_vs_best"),
  );
});

test("virtual servers of both families come, change and go", async () => {
  assert.deepEqual(await ipvs.listServers(), []);
  for (const server of [web, six]) ipvs.addServer(server);
  const listed = await ipvs.listServers();
  assert.deepEqual(
    listed.sort((a, b) => a.port - b.port),
    [six, web],
  );
  assert.throws(() => ipvs.addServer(web), { code: "EEXIST" });
  ipvs.changeServer({ ...web, scheduler: "mh", hashPort: true, hashFallback: true, persistence: 10 });
  assert.match(await readFile("/proc/net/ip_vs", "utf8"), /TCP {2}0A600014:0050 mh +persistent \d+ FFFFFFFF/);
  ipvs.deleteServer(six);
  assert.deepEqual(await ipvs.listServers(), [
    { ...web, scheduler: "mh", hashPort: true, hashFallback: true, persistence: 10 },
  ]);
  ipvs.deleteServer(web);
  assert.throws(() => ipvs.deleteServer(web), { code: "ESRCH" });
});

test("real servers come, change their weight and go", async () => {
  for (const [server, address] of [
    [web, "10.32.0.3"],
    [six, "fd00:32::3"],
  ] as const) {
    ipvs.addServer(server);
    const real = { address, port: 8080, weight: 1 };
    ipvs.addRealServer(server, real);
    assert.throws(() => ipvs.addRealServer(server, real), { code: "EEXIST" });
    ipvs.addRealServer(server, { ...real, port: 8081 });
    ipvs.changeRealServer(server, { ...real, weight: 0 });
    const listed = await ipvs.listRealServers(server);
    assert.deepEqual(
      listed.sort((a, b) => a.port - b.port),
      [
        { ...real, weight: 0, ...idle },
        { ...real, port: 8081, ...idle },
      ],
    );
    ipvs.deleteRealServer(server, real);
    assert.throws(() => ipvs.deleteRealServer(server, real), { code: "ENOENT" });
    assert.equal((await ipvs.listRealServers(server)).length, 1);
    ipvs.deleteServer(server);
  }
  assert.deepEqual(await ipvs.listRealServers(web), [], "one that is not there has none");
});

test("hundreds are listed completely", async () => {
  const servers = Array.from({ length: 600 }, (_, index) => ({ ...web, port: index + 1 }));
  for (const server of servers) ipvs.addServer(server);
  assert.deepEqual(
    new Set((await ipvs.listServers()).map(({ port }) => port)),
    new Set(servers.map(({ port }) => port)),
  );
  for (const server of servers) ipvs.deleteServer(server);
  assert.deepEqual(await ipvs.listServers(), []);
});

test("timeouts are taken", () => {
  ipvs.setTimeouts({ tcp: 900, tcpFin: 120, udp: 300 });
  assert.throws(() => ipvs.setTimeouts({ tcp: 0xffff_ffff, tcpFin: 0, udp: 0 }), { code: "EINVAL" });
});
