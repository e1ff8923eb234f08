import assert from "node:assert/strict";
import { hostname } from "node:os";
import { test } from "node:test";
import { parseAddress } from "../ip/address.ts";
import { nodePortAddresses } from "./node-port-addresses.ts";
import { FlagError, includesLoopback, type ProxySettings, parseFlags } from "./options.ts";

test("without flags everything is as kube-proxy's defaults", () => {
  assert.deepEqual(parseFlags([]), {
    kubeconfig: "",
    master: "",
    nodeName: hostname().toLowerCase(),
    mode: "iptables",
    masqueradeAll: false,
    masqueradeBit: 14,
    localhostNodePorts: true,
    syncPeriod: 30_000,
    minSyncPeriod: 1000,
    nodePortAddresses: [],
    localTraffic: {},
    healthzBindAddress: "0.0.0.0:10256",
    metricsBindAddress: "127.0.0.1:10249",
    cleanup: false,
    help: false,
  });
});

const read: [args: string, expected: Partial<ProxySettings>][] = [
  ["--kubeconfig=/a --hostname-override Node1", { kubeconfig: "/a", nodeName: "node1" }],
  ["--cluster-cidr 10.32.0.0/12", { localTraffic: { 4: { kind: "cidr", cidr: "10.32.0.0/12" } } }],
  [
    "--cluster-cidr 10.32.1.0/12,fd00::/48",
    { localTraffic: { 4: { kind: "cidr", cidr: "10.32.0.0/12" }, 6: { kind: "cidr", cidr: "fd00::/48" } } },
  ],
  [
    "--detect-local-mode InterfaceNamePrefix --pod-interface-name-prefix veth",
    { localTraffic: { 4: { kind: "prefix", prefix: "veth" }, 6: { kind: "prefix", prefix: "veth" } } },
  ],
  ["--masquerade-all --iptables-masquerade-bit 3", { masqueradeAll: true, masqueradeBit: 3 }],
  ["--masquerade-all=false --iptables-localhost-nodeports=false", { masqueradeAll: false, localhostNodePorts: false }],
  ["--iptables-sync-period 1h1m1.5s --iptables-min-sync-period 10ms", { syncPeriod: 3_661_500, minSyncPeriod: 10 }],
  ["--iptables-min-sync-period 0", { minSyncPeriod: 0 }],
  ["--nodeport-addresses primary", { nodePortAddresses: ["primary"] }],
  ["--nodeport-addresses 10.0.0.1/24,::/0", { nodePortAddresses: ["10.0.0.0/24", "::/0"] }],
  [
    "--healthz-bind-address [::]:10256 --metrics-bind-address=",
    { healthzBindAddress: "[::]:10256", metricsBindAddress: "" },
  ],
  ["--proxy-mode iptables --cleanup", { cleanup: true }],
];
for (const [args, expected] of read)
  test(`flags: ${args}`, () => {
    assert.deepEqual(parseFlags(args.split(" ")), { ...parseFlags([]), ...expected });
  });

const refused: [args: string, message: RegExp][] = [
  ["--unheard-of", /^unknown: --unheard-of$/],
  ["positional", /^unknown: positional$/],
  ["--ipvs-scheduler rr", /a flag of kube-proxy that this version does not support yet/],
  ["--proxy-mode ipvs", /"ipvs" is not a mode that this version has; it has iptables/],
  ["--kubeconfig", /--kubeconfig needs a value/],
  ["--masquerade-all=yes", /"yes" is neither true nor false/],
  ["--iptables-masquerade-bit 32", /not a bit from 0 to 31/],
  ["--iptables-sync-period 30", /"30" is not a duration/],
  ["--iptables-sync-period 0", /must be greater than 0/],
  ["--iptables-min-sync-period 1m", /must not be longer than/],
  ["--cluster-cidr 10.0.0.0", /"10.0.0.0" is not an address range/],
  ["--cluster-cidr 10.0.0.0/8,11.0.0.0/8", /one range of each family/],
  ["--detect-local-mode BridgeInterface", /needs --pod-bridge-interface/],
  ["--detect-local-mode NodeCIDR", /NodeCIDR is not supported yet/],
  ["--healthz-bind-address 10256", /not an address such as/],
  ["--healthz-bind-address 0.0.0.0:99999", /not an address such as/],
];
for (const [args, message] of refused)
  test(`refused: ${args}`, () => {
    assert.throws(
      () => parseFlags(args.split(" ")),
      (error) => error instanceof FlagError && message.test(error.message),
    );
  });

test("node ports on localhost need it among the addresses", () => {
  assert.equal(includesLoopback({ nodePortAddresses: [] }), true);
  assert.equal(includesLoopback({ nodePortAddresses: ["0.0.0.0/0"] }), true);
  assert.equal(includesLoopback({ nodePortAddresses: ["10.0.0.0/8", "127.0.0.1/32"] }), true);
  assert.equal(includesLoopback({ nodePortAddresses: ["10.0.0.0/8"] }), false);
  assert.equal(includesLoopback({ nodePortAddresses: ["primary"] }), false);
});

test("the addresses that node ports answer on", () => {
  const addresses = (texts: string[]) => texts.map((text) => parseAddress(text)!);
  const own = addresses(["127.0.0.1", "192.168.0.2", "10.0.0.5", "fd00::5"]);
  const node = addresses(["192.168.0.2", "fd00::5"]);
  const table: [ranges: string[], family: 4 | 6, expected: string[] | undefined][] = [
    [[], 4, undefined],
    [["0.0.0.0/0"], 4, undefined],
    [["192.168.0.0/16"], 4, ["192.168.0.2"]],
    [["192.168.0.0/16", "127.0.0.0/8"], 4, ["127.0.0.1", "192.168.0.2"]],
    [["192.168.0.0/16"], 6, undefined],
    [["172.16.0.0/12"], 4, []],
    [["primary"], 4, ["192.168.0.2"]],
    [["primary"], 6, ["fd00::5"]],
  ];
  for (const [ranges, family, expected] of table)
    assert.deepEqual(nodePortAddresses(ranges, family, node, own), expected, `${ranges} in IPv${family}`);
});
