import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { IPFamily } from "../../../../kubernetes/ip-family.ts";
import type { Service } from "../../../../kubernetes/types.ts";
import { created, print, updated } from "../testing.ts";
import { initializeIPFamilies } from "./ip-families.ts";
import { service } from "./service.ts";

type Spec = NonNullable<Service["spec"]>;
/** "SingleStack IPv4", or what is refused. */
type Outcome = string | string[];

const dual: IPFamily[] = ["IPv4", "IPv6"];
const four: IPFamily[] = ["IPv4"];
const six: IPFamily[] = ["IPv6"];
const body = (spec: Partial<Spec>) => ({
  metadata: { name: "a" },
  spec: { ports: [{ port: 80 }], selector: { app: "a" }, ...spec },
});

function outcomeOf(object: Service, errors: string[]): Outcome {
  const { ipFamilyPolicy, ipFamilies = [] } = object.spec!;
  return errors.length > 0 ? errors : [ipFamilyPolicy, ...ipFamilies].join(" ");
}

describe("families of a new Service", () => {
  const create = (spec: Partial<Spec>, configured: IPFamily[]) => {
    const object = created(service, body(spec)) as Service;
    return outcomeOf(object, print(initializeIPFamilies(object, undefined, configured)));
  };
  const manual: Partial<Spec> = { clusterIP: "None", selector: {} };
  const notDual = 'Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services';
  const cases: [title: string, configured: IPFamily[], spec: Partial<Spec>, outcome: Outcome][] = [
    ["default", dual, {}, "SingleStack IPv4"],
    ["default of a cluster with IPv6", six, {}, "SingleStack IPv6"],
    ["single, named", dual, { ipFamilies: ["IPv6"] }, "SingleStack IPv6"],
    ["prefer", dual, { ipFamilyPolicy: "PreferDualStack" }, "PreferDualStack IPv4 IPv6"],
    ["prefer, on one family", four, { ipFamilyPolicy: "PreferDualStack" }, "PreferDualStack IPv4"],
    ["require", dual, { ipFamilyPolicy: "RequireDualStack" }, "RequireDualStack IPv4 IPv6"],
    [
      "require, IPv6 first",
      dual,
      { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv6"] },
      "RequireDualStack IPv6 IPv4",
    ],
    ["require, on one family", four, { ipFamilyPolicy: "RequireDualStack" }, [`spec.ipFamilyPolicy: ${notDual}`]],
    [
      "a family that is not there",
      four,
      { ipFamilies: ["IPv6"] },
      ['spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
    ],
    ["an address tells its family", dual, { clusterIP: "fd00::5" }, "SingleStack IPv6"],
    [
      "an address of a family that is not there",
      four,
      { clusterIP: "fd00::5" },
      ['spec.clusterIPs[0]: Invalid value: ["fd00::5"]: IPv6 is not configured on this cluster'],
    ],
    [
      "two addresses tell both",
      dual,
      { ipFamilyPolicy: "PreferDualStack", clusterIP: "fd00::5", clusterIPs: ["fd00::5", "10.0.0.5"] },
      "PreferDualStack IPv6 IPv4",
    ],
    [
      "two families without a policy",
      dual,
      { ipFamilies: ["IPv4", "IPv6"] },
      [
        "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
      ],
    ],
    [
      "two addresses without a policy",
      dual,
      { clusterIP: "10.0.0.5", clusterIPs: ["10.0.0.5", "fd00::5"] },
      [
        "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified",
      ],
    ],
    [
      "what is malformed first",
      dual,
      { ipFamilyPolicy: "Both", ipFamilies: ["IPv4", "IPv4"] },
      [
        'spec.ipFamilies[1]: Duplicate value: "IPv4"',
        'spec.ipFamilyPolicy: Unsupported value: "Both": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"',
      ],
    ],
    ["headless", dual, { clusterIP: "None" }, "SingleStack IPv4"],
    ["headless, prefer", dual, { clusterIP: "None", ipFamilyPolicy: "PreferDualStack" }, "PreferDualStack IPv4 IPv6"],
    ["by hand", dual, manual, "RequireDualStack IPv4 IPv6"],
    ["by hand, on one family", four, manual, "RequireDualStack IPv4 IPv6"],
    ["by hand, single", four, { ...manual, ipFamilyPolicy: "SingleStack" }, "SingleStack IPv4"],
    ["by hand, a family that is not there", four, { ...manual, ipFamilies: ["IPv6"] }, "RequireDualStack IPv6 IPv4"],
    ["ExternalName has none", dual, { type: "ExternalName", externalName: "a.example" }, ""],
  ];
  for (const [title, configured, spec, outcome] of cases) {
    test(title, () => assert.deepEqual(create(spec, configured), outcome));
  }
});

describe("families of a changed Service", () => {
  const single: Partial<Spec> = {
    ipFamilyPolicy: "SingleStack",
    ipFamilies: ["IPv4"],
    clusterIP: "10.0.0.5",
    clusterIPs: ["10.0.0.5"],
  };
  const both: Partial<Spec> = {
    ...single,
    ipFamilyPolicy: "RequireDualStack",
    ipFamilies: ["IPv4", "IPv6"],
    clusterIPs: ["10.0.0.5", "fd00::5"],
  };
  const prefer: Partial<Spec> = { ...both, ipFamilyPolicy: "PreferDualStack" };
  const update = (before: Partial<Spec>, after: Partial<Spec>, configured: IPFamily[]) => {
    const old = created(service, body(before)) as Service;
    const object = updated(service, old, body(after)) as Service;
    const errors = initializeIPFamilies(object, old, configured);
    if (errors.length === 0) {
      errors.push(...service.validate(object), ...(service.validateUpdate?.(object, old) ?? []));
    }
    const outcome = outcomeOf(object, print(errors));
    return typeof outcome === "string" ? `${outcome} ${(object.spec?.clusterIPs ?? []).join(" ")}`.trim() : outcome;
  };
  const mustRelease = (what: string) =>
    `spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be 'SingleStack' to release the secondary ${what}`;
  const once = (field: string, value: string[]) =>
    `spec.${field}: Invalid value: ${JSON.stringify(value)}: may not change once set`;
  const cases: [title: string, Partial<Spec>, Partial<Spec>, IPFamily[], Outcome][] = [
    ["a manifest without families keeps them", both, {}, dual, "RequireDualStack IPv4 IPv6 10.0.0.5 fd00::5"],
    [
      "the second family comes",
      single,
      { ipFamilyPolicy: "PreferDualStack" },
      dual,
      "PreferDualStack IPv4 IPv6 10.0.0.5",
    ],
    [
      "and with the address that was asked for",
      single,
      { ...prefer, clusterIPs: ["10.0.0.5", "fd00::9"] },
      dual,
      "PreferDualStack IPv4 IPv6 10.0.0.5 fd00::9",
    ],
    [
      "the policy releases the second one",
      both,
      { ...both, ipFamilyPolicy: "SingleStack" },
      dual,
      "SingleStack IPv4 10.0.0.5",
    ],
    ["also from a manifest", prefer, { ipFamilyPolicy: "SingleStack" }, dual, "SingleStack IPv4 10.0.0.5"],
    ["not by shortening one list", both, { ...both, clusterIPs: ["10.0.0.5"] }, dual, [mustRelease("cluster IP")]],
    ["nor the other", both, { ...both, ipFamilies: ["IPv4"] }, dual, [mustRelease("IP family")]],
    [
      "the first address stays",
      both,
      { ...both, clusterIP: "10.0.0.6", clusterIPs: ["10.0.0.6", "fd00::5"] },
      dual,
      [once("clusterIPs[0]", ["10.0.0.6", "fd00::5"])],
    ],
    [
      "the second one is not exchanged",
      both,
      { ...both, clusterIPs: ["10.0.0.5", "fd00::6"] },
      dual,
      [once("clusterIPs[1]", ["10.0.0.5", "fd00::6"])],
    ],
    [
      "the first family stays",
      { ...single, clusterIP: undefined, clusterIPs: undefined },
      { ipFamilies: ["IPv6"] },
      dual,
      [once("ipFamilies[0]", ["IPv6"])],
    ],
    [
      "a headless one may change them",
      { clusterIP: "None", ipFamilies: ["IPv4"] },
      { clusterIP: "None", ipFamilies: ["IPv6"] },
      dual,
      "SingleStack IPv6 None",
    ],
    [
      "PreferDualStack does not follow the cluster",
      { ...prefer, ipFamilies: ["IPv4"], clusterIPs: ["10.0.0.5"] },
      { ...prefer, ipFamilies: ["IPv4"], clusterIPs: ["10.0.0.5"] },
      dual,
      "PreferDualStack IPv4 10.0.0.5",
    ],
    ["nor back", prefer, prefer, four, "PreferDualStack IPv4 IPv6 10.0.0.5 fd00::5"],
    ["to ExternalName all go", both, { ...both, type: "ExternalName", externalName: "a.example" }, dual, ""],
    ["from ExternalName they come", { type: "ExternalName", externalName: "a.example" }, {}, dual, "SingleStack IPv4"],
  ];
  for (const [title, before, after, configured, outcome] of cases) {
    test(title, () => assert.deepEqual(update(before, after, configured), outcome));
  }
});
