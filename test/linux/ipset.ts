/** IP sets and addresses over netlink, on the kernel: what it is told it lists. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { run } from "../../src/linux/command.ts";
import type { SetType } from "../../src/linux/ipset/element.ts";
import { Ipset, type SetSchema } from "../../src/linux/ipset/ipset.ts";
import { DeviceAddresses } from "../../src/linux/rtnetlink/addresses.ts";

const ipset = new Ipset();
const devices = new DeviceAddresses();
after(() => {
  ipset.close();
  devices.close();
});

async function elementsOf(set: SetSchema): Promise<string[]> {
  const elements: string[] = [];
  await ipset.list(set, (element) => elements.push(element));
  return elements.sort();
}

const table: [SetType, SetSchema["family"], ...string[]][] = [
  ["hash:ip", 4, "10.0.0.1", "10.0.0.2"],
  ["hash:ip,port", 4, "10.0.0.1,sctp:80", "10.0.0.1,tcp:80", "10.0.0.1,udp:80"],
  ["hash:ip,port,ip", 4, "10.0.0.1,tcp:80,10.0.0.1"],
  ["hash:ip,port,net", 4, "10.0.0.1,tcp:80,10.0.0.0/8", "10.0.0.1,tcp:80,10.0.0.7/32"],
  ["bitmap:port", 4, "65535", "80"],
  ["hash:ip", 6, "fd00::1"],
  ["hash:ip,port", 6, "fd00::1,tcp:80"],
  ["hash:ip,port,ip", 6, "fd00::1,tcp:80,fd00::2"],
  ["hash:ip,port,net", 6, "fd00::1,tcp:80,fd00:1::/64", "fd00::1,tcp:80,fd00:1::7/128"],
];
for (const [type, family, ...elements] of table)
  test(`${type}, IPv${family}: elements come, are listed, and go`, async () => {
    const set: SetSchema = { name: "FAIRWAY-TEST", type, family };
    ipset.create(set);
    ipset.create(set);
    ipset.add(set, elements);
    ipset.add(set, elements);
    assert.deepEqual(await elementsOf(set), elements);
    ipset.remove(set, elements.slice(0, 1));
    ipset.remove(set, elements.slice(0, 1));
    assert.deepEqual(await elementsOf(set), elements.slice(1));
    assert.equal((await ipset.listSizes()).get(set.name), elements.length - 1);
    ipset.flush(set.name);
    assert.deepEqual(await elementsOf(set), []);
    assert.deepEqual([...(await ipset.listSizes()).keys()], [set.name]);
    ipset.destroy(set.name);
    ipset.destroy(set.name);
    assert.equal((await ipset.listSizes()).size, 0);
  });

test("thousands are listed completely", async () => {
  const set: SetSchema = { name: "MANY", type: "hash:ip,port", family: 4 };
  ipset.create(set);
  const elements = Array.from({ length: 3000 }, (_, index) => `10.0.${index >> 8}.${index & 255},tcp:80`);
  ipset.add(set, elements);
  assert.deepEqual(await elementsOf(set), elements.toSorted());
  ipset.remove(set, elements.slice(10));
  assert.equal((await elementsOf(set)).length, 10);
  ipset.destroy(set.name);
});

test("what the kernel refuses names the set, the element and the reason", async () => {
  const set: SetSchema = { name: "USED", type: "hash:ip", family: 4 };
  assert.throws(() => ipset.add(set, ["10.0.0.1"]), { code: "ENOENT", message: /USED 10\.0\.0\.1/ });
  await assert.rejects(elementsOf(set), { code: "ENOENT" });
  ipset.create(set);
  assert.throws(() => ipset.create({ ...set, type: "hash:ip,port" }), { code: "EEXIST" });
  assert.throws(() => ipset.add(set, ["fd00::1"]), /add to IP set USED fd00::1/);
  await run("iptables", ["-A", "INPUT", "-m", "set", "--match-set", "USED", "src", "-j", "DROP"]);
  assert.throws(() => ipset.destroy("USED"), /a rule or another set still refers to it/);
  await run("iptables", ["-F", "INPUT"]);
  ipset.destroy("USED");
});

test("addresses of a device come and go one by one", async () => {
  const lo = devices.indexOf("lo")!;
  assert.equal(devices.indexOf("nothing0"), undefined);
  for (const [family, address] of [
    [4, "10.96.0.20"],
    [6, "fd00:96::20"],
  ] as const) {
    for (const _ of [1, 2]) devices.add({ device: lo, address });
    assert.deepEqual(await devices.list(family), [{ device: lo, address }]);
    for (const _ of [1, 2]) devices.remove({ device: lo, address });
    assert.deepEqual(await devices.list(family), []);
  }
});
