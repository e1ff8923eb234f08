import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfiguration } from "./defaults.ts";
import type { KubeProxyConfiguration } from "./schema.ts";
import { parsePortRange, validateConfiguration } from "./validate.ts";

type Change = (configuration: KubeProxyConfiguration) => void;
const set =
  (fields: Partial<KubeProxyConfiguration>): Change =>
  (configuration) =>
    Object.assign(configuration, fields);

test("the default configuration is valid", () => {
  assert.deepEqual(validateConfiguration(defaultConfiguration()), []);
});

const valid: [name: string, change: Change][] = [
  [
    "an IPv6 node",
    set({ bindAddress: "fd00::1", healthzBindAddress: "[::]:10256", metricsBindAddress: "[::1]:10249" }),
  ],
  ["no servers", set({ healthzBindAddress: "", metricsBindAddress: "" })],
  ["both families", set({ clusterCIDR: "192.168.59.0/24,fd00:192:168::/64" })],
  ["primary", set({ nodePortAddresses: ["primary"] })],
  ["ranges", set({ nodePortAddresses: ["127.0.0.0/8", "::1/128"], portRange: "300-2000" })],
  [
    "a bridge",
    set({ detectLocalMode: "BridgeInterface", detectLocal: { bridgeInterface: "avz", interfaceNamePrefix: "" } }),
  ],
  ["periods of a mode that is not used", (c) => Object.assign(c.ipvs, { syncPeriod: -1, scheduler: "best" })],
  ["at once", (c) => Object.assign(c.iptables, { minSyncPeriod: 0 })],
];
for (const [name, change] of valid)
  test(`valid: ${name}`, () => {
    const configuration = defaultConfiguration();
    change(configuration);
    assert.deepEqual(validateConfiguration(configuration), []);
  });

const refused: [change: Change, fault: string][] = [
  [set({ mode: "magic" }), 'mode: Invalid value: "magic": must be '],
  [
    set({ bindAddress: "10.10.12.11:2000" }),
    'bindAddress: Invalid value: "10.10.12.11:2000": not a valid textual representation of an IP address',
  ],
  [set({ healthzBindAddress: "0.0.0.0" }), 'healthzBindAddress: Invalid value: "0.0.0.0": must be IP:port'],
  [set({ healthzBindAddress: "host:80" }), 'healthzBindAddress: Invalid value: "host": must be a valid IP'],
  [set({ metricsBindAddress: "127.0.0.1:0" }), 'metricsBindAddress: Invalid value: "0": must be a valid port'],
  [set({ metricsBindAddress: "[1.2.3.4]:1" }), 'metricsBindAddress: Invalid value: "1.2.3.4": must be a valid IP'],
  [
    set({ clusterCIDR: "192.168.59.0" }),
    'clusterCIDR: Invalid value: "192.168.59.0": must be a valid CIDR block (e.g. 10.100.0.0/16 or fde4:8dba:82e1::/48)',
  ],
  [
    set({ clusterCIDR: "10.0.0.0/8,11.0.0.0/8" }),
    'clusterCIDR: Invalid value: "10.0.0.0/8,11.0.0.0/8": must be a valid DualStack CIDR',
  ],
  [
    set({ clusterCIDR: "10.0.0.0/8,fd00::/8,fe00::/8" }),
    'clusterCIDR: Invalid value: "10.0.0.0/8,fd00::/8,fe00::/8": only one CIDR allowed or a valid DualStack CIDR',
  ],
  [set({ oomScoreAdj: 1001 }), "oomScoreAdj: Invalid value: 1001: must be within the range [-1000, 1000]"],
  [set({ configSyncPeriod: -1000 }), 'configSyncPeriod: Invalid value: "-1s": must be greater than 0'],
  [
    set({ nodePortAddresses: ["10.0.0.0/8", "10.0.0.1"] }),
    'nodePortAddresses[1]: Invalid value: "10.0.0.1": must be a valid IP block',
  ],
  [
    set({ nodePortAddresses: ["primary", "10.0.0.0/8"] }),
    'nodePortAddresses[0]: Invalid value: "primary": must be a valid IP block',
  ],
  [set({ portRange: "2000-300" }), 'portRange: Invalid value: "2000-300": must be a valid port range (e.g. 300-2000)'],
  [
    set({ detectLocalMode: "Guess" }),
    'detectLocalMode: Invalid value: "Guess": must be one of [ClusterCIDR NodeCIDR BridgeInterface InterfaceNamePrefix] or blank',
  ],
  [
    set({ detectLocalMode: "BridgeInterface" }),
    'detectLocal.bridgeInterface: Invalid value: "": must be set when detectLocalMode is BridgeInterface',
  ],
  [
    (c) => Object.assign(c.detectLocal, { interfaceNamePrefix: 'x" drop' }),
    'detectLocal.interfaceNamePrefix: Invalid value: "x\\" drop": must be the name of an interface',
  ],
  [
    (c) => Object.assign(c.iptables, { masqueradeBit: 32 }),
    "iptables.masqueradeBit: Invalid value: 32: must be within the range [0, 31]",
  ],
  [
    (c) => Object.assign(c.iptables, { syncPeriod: -5000 }),
    'iptables.syncPeriod: Invalid value: "-5s": must be greater than 0',
  ],
  [
    (c) => Object.assign(c.iptables, { minSyncPeriod: -5000 }),
    'iptables.minSyncPeriod: Invalid value: "-5s": must be greater than or equal to 0',
  ],
  [
    (c) => Object.assign(c.iptables, { minSyncPeriod: 60_000 }),
    'iptables.syncPeriod: Invalid value: "30s": must be greater than or equal to KubeProxyConfiguration.iptables.minSyncPeriod (1m0s)',
  ],
  [
    (c) => Object.assign(c.conntrack, { maxPerCore: -1 }),
    "conntrack.maxPerCore: Invalid value: -1: must be greater than or equal to 0",
  ],
  [
    (c) => Object.assign(c.conntrack, { udpTimeout: -1000 }),
    'conntrack.udpTimeout: Invalid value: "-1s": must be greater than or equal to 0',
  ],
  [
    (c) => Object.assign(c.clientConnection, { burst: -5 }),
    "clientConnection.burst: Invalid value: -5: must be greater than or equal to 0",
  ],
  [
    (c) => {
      c.mode = "nftables";
      c.nftables.masqueradeBit = -1;
    },
    "nftables.masqueradeBit: Invalid value: -1: must be within the range [0, 31]",
  ],
];
for (const [change, fault] of refused)
  test(`refused: ${fault}`, () => {
    const configuration = defaultConfiguration();
    change(configuration);
    const faults = validateConfiguration(configuration);
    assert.ok(
      faults.some((line) => line.startsWith(`KubeProxyConfiguration.${fault}`)),
      faults.join("\n"),
    );
  });

test("port ranges", () => {
  const table: [text: string, range: [number, number] | undefined][] = [
    ["300-2000", [300, 2000]],
    ["300+100", [300, 400]],
    ["65000+1000", [65_000, 65_535]],
    ["300", [300, 300]],
    ["", undefined],
    ["0-0", undefined],
    ["2000-300", undefined],
    ["1-65536", undefined],
  ];
  for (const [text, range] of table) assert.deepEqual(parsePortRange(text), range, text);
});
