import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parsePrefix } from "../../../ip/prefix.ts";
import type { Service } from "../../../kubernetes/types.ts";
import { NumberPool } from "./number-pool.ts";
import { ServiceAllocator } from "./service-allocator.ts";

describe("a pool of numbers", () => {
  test("hands every number out once, whatever is taken and released meanwhile", () => {
    const step = fc.oneof(
      fc.constant("any" as const),
      fc.record({ take: fc.integer({ min: -2, max: 12 }) }),
      fc.record({ release: fc.nat(10) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(12), fc.nat(), (steps, dynamicFrom, seed) => {
        const pool = new NumberPool({ first: 0, last: 10, dynamicFrom, random: (below) => seed % below });
        const model = new Set<number>();
        for (const each of steps) {
          if (each === "any") {
            const number = pool.takeAny();
            assert.equal(number === undefined, model.size === 11);
            if (number === undefined) continue;
            assert.ok(pool.contains(number) && !model.has(number));
            model.add(number);
          } else if ("take" in each) {
            const free = each.take >= 0 && each.take <= 10 && !model.has(each.take);
            assert.equal(pool.take(each.take), free);
            if (free) model.add(each.take);
          } else {
            pool.release(each.release);
            model.delete(each.release);
          }
          assert.equal(pool.size, model.size);
        }
      }),
    );
  });

  test("leaves the lower part to people while the upper has room", () => {
    const pool = new NumberPool({ first: 1, last: 10, dynamicFrom: 8 });
    const upper = [pool.takeAny(), pool.takeAny(), pool.takeAny()].sort();
    assert.deepEqual(upper, [10, 8, 9]);
    assert.ok(pool.takeAny()! < 8);
  });
});

const reserved = new Map([
  ["default/kubernetes", "10.0.0.1"],
  ["kube-system/kube-dns", "10.0.0.10"],
]);
const ranges = ["10.0.0.0/27", "fd00::/124"].map((text) => parsePrefix(text)!);
const options = { ranges, nodePorts: [30000, 30009] as const, reserved };
const service = (name: string, spec: Service["spec"], namespace = "default"): Service => ({
  metadata: { name, namespace },
  spec: { ipFamilies: ["IPv4"], ...spec },
});
const held = ({ spec }: Service) => [
  ...(spec?.clusterIPs ?? []).filter((address) => address !== "None"),
  ...new Set((spec?.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : []))),
];

describe("the allocator of Services", () => {
  test("keeps the API's and DNS' addresses for them", () => {
    const allocator = new ServiceAllocator(options);
    const take = (one: Service) => allocator.allocate(one, undefined).errors.map(({ message }) => message);
    const dns = { type: "ClusterIP", clusterIP: "10.0.0.10", clusterIPs: ["10.0.0.10"], ports: [{ port: 53 }] };
    assert.match(take(service("other", structuredClone(dns))).join(), /provided IP is already allocated/);
    assert.deepEqual(take(service("kube-dns", structuredClone(dns), "kube-system")), []);
  });

  test("gives one number to both protocols of a Service", () => {
    const allocator = new ServiceAllocator(options);
    const both = service("dns", {
      type: "NodePort",
      ports: [
        { name: "u", port: 53, protocol: "UDP", nodePort: 30003 },
        { name: "t", port: 53, protocol: "TCP", nodePort: 30003 },
      ],
    });
    assert.deepEqual(allocator.allocate(both, undefined).errors, []);
  });

  test("prefers who asks by number over who takes any", () => {
    const allocator = new ServiceAllocator({ ...options, nodePorts: [30000, 30001] });
    const one = service("a", {
      type: "NodePort",
      ports: [
        { name: "x", port: 1 },
        { name: "y", port: 2, nodePort: 30000 },
      ],
    });
    assert.deepEqual(allocator.allocate(one, undefined).errors, []);
    assert.deepEqual(
      one.spec?.ports?.map(({ nodePort }) => nodePort),
      [30001, 30000],
    );
  });

  test("gives a Service an address of each of its families, in their order", () => {
    const allocator = new ServiceAllocator(options);
    const dual = service("dual", { type: "ClusterIP", ipFamilies: ["IPv6", "IPv4"] });
    const allocation = allocator.allocate(dual, undefined);
    assert.deepEqual(allocation.errors, []);
    allocation.commit();
    assert.match(dual.spec!.clusterIPs!.join(), /^fd00::[1-9a-f],10\.0\.0\.\d+$/);
    assert.equal(dual.spec?.clusterIP, dual.spec?.clusterIPs?.[0]);
    const [six = "", four = ""] = dual.spec!.clusterIPs!;
    const other = (families: string[], addresses: string[]) =>
      allocator
        .allocate(service("other", { type: "ClusterIP", ipFamilies: families, clusterIPs: addresses }), undefined)
        .errors.map(({ field, message }) => `${field}: ${message}`);
    assert.deepEqual(other(["IPv6"], [six.replace("::", ":0:0::")]), [
      `spec.clusterIPs: Invalid value: ["${six.replace("::", ":0:0::")}"]: failed to allocate IP ${six.replace("::", ":0:0::")}: provided IP is already allocated`,
    ]);
    assert.deepEqual(other(["IPv6"], ["fd00::10"]), [
      'spec.clusterIPs: Invalid value: ["fd00::10"]: failed to allocate IP fd00::10: the provided IP (fd00::10) is not in the valid range. The range of valid IPs is fd00::/124',
    ]);
    const single = structuredClone(dual);
    Object.assign(single.spec!, { ipFamilies: ["IPv6"], clusterIPs: [six] });
    const release = allocator.allocate(single, dual);
    assert.match(other(["IPv4"], [four]).join(), /already allocated/);
    release.commit();
    assert.deepEqual(other(["IPv4"], [four]), []);
  });

  test("passes over a family that the cluster no longer has", () => {
    const allocator = new ServiceAllocator({ ...options, ranges: ranges.slice(0, 1) });
    const stored = service("a", {
      type: "ClusterIP",
      ipFamilies: ["IPv4", "IPv6"],
      clusterIPs: ["10.0.0.5", "fd00::5"],
    });
    allocator.rebuild([stored]);
    const allocation = allocator.allocate(structuredClone(stored), stored);
    assert.deepEqual(allocation.errors, []);
    allocation.commit();
    allocator.release(stored);
    assert.deepEqual(allocator.families, ["IPv4"]);
  });

  const families = fc.constantFrom<string[]>(["IPv4"], ["IPv6"], ["IPv4", "IPv6"], ["IPv6", "IPv4"]);
  const four = fc.constantFrom("10.0.0.5", "10.0.0.6", "10.0.0.1", "10.1.0.1");
  const six = fc.constantFrom("fd00::5", "fd00:0::5", "fd00::6", "fe00::1");
  const wish = fc.record({
    name: fc.constantFrom("a", "b", "c", "d", "e"),
    type: fc.constantFrom("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
    families,
    /** How many addresses are asked for by hand. */
    chosen: fc.nat(2),
    headless: fc.boolean(),
    addresses: fc.record({ IPv4: four, IPv6: six }),
    nodePorts: fc.array(fc.option(fc.constantFrom(30000, 30001, 30002, 29999), { nil: undefined }), { maxLength: 3 }),
    outcome: fc.constantFrom("commit", "undo", "delete"),
  });

  test("never lets two Services hold one value, and loses none, whatever is written, refused, undone or deleted", () => {
    fc.assert(
      fc.property(fc.array(wish, { maxLength: 40 }), (wishes) => {
        const allocator = new ServiceAllocator(options);
        const stored = new Map<string, Service>();
        for (const { name, type, families: ipFamilies, chosen, headless, addresses, nodePorts, outcome } of wishes) {
          const old = stored.get(name);
          if (outcome === "delete") {
            if (old !== undefined) allocator.release(old);
            stored.delete(name);
            continue;
          }
          const hasPorts = type === "NodePort" || type === "LoadBalancer";
          const ports = nodePorts.map((nodePort, index) => ({
            name: `p${index}`,
            port: index + 1,
            nodePort: hasPorts ? nodePort : undefined,
          }));
          const byHand = ipFamilies.slice(0, chosen).map((family) => addresses[family as "IPv4"]);
          const clusterIPs = headless && type === "ClusterIP" ? ["None"] : byHand;
          const wanted = service(name, {
            type,
            ports,
            ...(type !== "ExternalName" && { ipFamilies, clusterIPs, clusterIP: clusterIPs[0] }),
          });
          const allocation = allocator.allocate(wanted, old);
          if (allocation.errors.length > 0 || outcome === "undo") {
            allocation.undo();
            continue;
          }
          allocation.commit();
          stored.set(name, wanted);
          const spec = wanted.spec!;
          if (type !== "ExternalName" && spec.clusterIP !== "None") {
            assert.deepEqual(
              spec.clusterIPs?.map((address) => (address.includes(":") ? "IPv6" : "IPv4")),
              ipFamilies,
            );
          }
          const all = [...stored.values()].flatMap(held).map((value) => String(value).replace(":0::", "::"));
          assert.equal(new Set(all).size, all.length, JSON.stringify([...stored.values()]));
        }
        // An allocator that starts from the stored Services refuses and grants the same.
        const rebuilt = new ServiceAllocator(options);
        rebuilt.rebuild(stored.values());
        const probes: Service["spec"][] = [
          ...[30000, 30001, 30002].map((nodePort) => ({ type: "NodePort", ports: [{ port: 1, nodePort }] })),
          ...["10.0.0.5", "10.0.0.6"].map((address) => ({ type: "ClusterIP", clusterIPs: [address] })),
          ...["fd00::5", "fd00::6"].map((address) => ({
            type: "ClusterIP",
            ipFamilies: ["IPv6"],
            clusterIPs: [address],
          })),
        ];
        for (const probe of probes) {
          const answers = [allocator, rebuilt].map((each) => {
            const allocation = each.allocate(service("probe", structuredClone(probe)), undefined);
            allocation.undo();
            return allocation.errors.length;
          });
          assert.equal(answers[0], answers[1], JSON.stringify(probe));
        }
      }),
    );
  });

  test("says when nothing is left", () => {
    const allocator = new ServiceAllocator({ ...options, nodePorts: [30000, 30000] });
    const next = (name: string) =>
      allocator.allocate(service(name, { type: "NodePort", ports: [{ port: 1 }] }), undefined).errors;
    assert.deepEqual(next("a"), []);
    assert.match(next("b")[0]!.message, /failed to allocate a nodePort: range is full/);
  });
});
