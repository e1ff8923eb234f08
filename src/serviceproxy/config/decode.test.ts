import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeConfiguration, formatConfiguration, formatFault } from "./decode.ts";
import { defaultConfiguration } from "./defaults.ts";
import { encodeConfiguration } from "./encode.ts";
import type { KubeProxyConfiguration } from "./schema.ts";

const head = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";

function decode(body: string): KubeProxyConfiguration {
  const { configuration, faults } = decodeConfiguration(head + body);
  assert.deepEqual(faults, []);
  return configuration!;
}

test("an empty configuration is the default one", () => {
  assert.deepEqual(decode(""), defaultConfiguration());
});

test("the defaults are those of Kubernetes 1.36", () => {
  assert.deepEqual(encodeConfiguration(defaultConfiguration()), {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    featureGates: {},
    clientConnection: {
      kubeconfig: "",
      acceptContentTypes: "",
      contentType: "application/vnd.kubernetes.protobuf",
      qps: 5,
      burst: 10,
    },
    logging: { format: "text", flushFrequency: "5s", verbosity: 0, vmodule: [], options: {} },
    hostnameOverride: "",
    bindAddress: "0.0.0.0",
    healthzBindAddress: "0.0.0.0:10256",
    metricsBindAddress: "127.0.0.1:10249",
    bindAddressHardFail: false,
    enableProfiling: false,
    showHiddenMetricsForVersion: "",
    mode: "",
    iptables: {
      masqueradeBit: 14,
      masqueradeAll: false,
      localhostNodePorts: true,
      syncPeriod: "30s",
      minSyncPeriod: "1s",
    },
    ipvs: {
      syncPeriod: "30s",
      minSyncPeriod: "0s",
      scheduler: "",
      excludeCIDRs: [],
      strictARP: false,
      tcpTimeout: "0s",
      tcpFinTimeout: "0s",
      udpTimeout: "0s",
    },
    nftables: { masqueradeBit: 14, masqueradeAll: false, syncPeriod: "30s", minSyncPeriod: "1s" },
    winkernel: {
      networkName: "",
      sourceVip: "",
      enableDSR: false,
      rootHnsEndpointName: "",
      forwardHealthCheckVip: false,
    },
    detectLocalMode: "",
    detectLocal: { bridgeInterface: "", interfaceNamePrefix: "" },
    clusterCIDR: "",
    nodePortAddresses: [],
    oomScoreAdj: -999,
    conntrack: {
      maxPerCore: 32_768,
      min: 131_072,
      tcpEstablishedTimeout: "24h0m0s",
      tcpCloseWaitTimeout: "1h0m0s",
      tcpBeLiberal: false,
      udpTimeout: "0s",
      udpStreamTimeout: "0s",
    },
    configSyncPeriod: "15m0s",
    portRange: "",
    udpIdleTimeout: "250ms",
    windowsRunAsService: false,
  });
});

test("a file of kubeadm's kind: nulls and zeros where it says nothing", () => {
  const configuration = decode(`
bindAddress: 0.0.0.0
bindAddressHardFail: false
clientConnection: {acceptContentTypes: "", burst: 0, contentType: "", kubeconfig: /var/lib/kube-proxy/kubeconfig.conf, qps: 0}
clusterCIDR: 10.244.0.0/16
configSyncPeriod: 0s
conntrack: {maxPerCore: null, min: null, tcpBeLiberal: false, tcpCloseWaitTimeout: null, tcpEstablishedTimeout: null, udpTimeout: 0s, udpStreamTimeout: 0s}
detectLocal: {bridgeInterface: "", interfaceNamePrefix: ""}
detectLocalMode: ""
enableProfiling: false
healthzBindAddress: ""
hostnameOverride: ""
iptables: {localhostNodePorts: null, masqueradeAll: false, masqueradeBit: null, minSyncPeriod: 0s, syncPeriod: 0s}
ipvs: {excludeCIDRs: null, minSyncPeriod: 0s, scheduler: "", strictARP: false, syncPeriod: 0s, tcpFinTimeout: 0s, tcpTimeout: 0s, udpTimeout: 0s}
logging: {flushFrequency: 0, options: {json: {infoBufferSize: "0"}, text: {infoBufferSize: "0"}}, verbosity: 0}
metricsBindAddress: ""
mode: ""
nftables: {masqueradeAll: false, masqueradeBit: null, minSyncPeriod: 0s, syncPeriod: 0s}
nodePortAddresses: null
oomScoreAdj: null
portRange: ""
showHiddenMetricsForVersion: ""
winkernel: {enableDSR: false, forwardHealthCheckVip: false, networkName: "", rootHnsEndpointName: "", sourceVip: ""}
`);
  const expected = defaultConfiguration();
  expected.clientConnection.kubeconfig = "/var/lib/kube-proxy/kubeconfig.conf";
  expected.clusterCIDR = "10.244.0.0/16";
  expected.logging.options = { json: { infoBufferSize: "0" }, text: { infoBufferSize: "0" } };
  assert.deepEqual(configuration, expected);
});

test("zero is a value where Kubernetes can tell it from nothing", () => {
  const { iptables, conntrack, oomScoreAdj } = decode(
    "iptables: {masqueradeBit: 0, localhostNodePorts: false}\nconntrack: {maxPerCore: 0, min: 0, tcpCloseWaitTimeout: 0s}\noomScoreAdj: 0\n",
  );
  assert.deepEqual(
    [iptables.masqueradeBit, iptables.localhostNodePorts, conntrack.maxPerCore, conntrack.min, oomScoreAdj],
    [0, false, 0, 0, 0],
  );
  assert.equal(conntrack.tcpCloseWaitTimeout, 0);
});

test("addresses get their ports, and follow the family of bindAddress", () => {
  const six = decode("bindAddress: fd00::1\n");
  assert.deepEqual([six.healthzBindAddress, six.metricsBindAddress], ["[::]:10256", "[::1]:10249"]);
  const bare = decode("healthzBindAddress: 1.2.3.4\nmetricsBindAddress: fd00::2\n");
  assert.deepEqual([bare.healthzBindAddress, bare.metricsBindAddress], ["1.2.3.4:10256", "[fd00::2]:10249"]);
});

const refused: [body: string, faults: string[]][] = [
  ["modes: iptables\n", ["line 3: modes: unknown field"]],
  [
    "iptables:\n  syncPeriods: 3s\n  masqueradeBit: many\n",
    [
      "line 4: iptables.syncPeriods: unknown field",
      'line 5: iptables.masqueradeBit: must be a whole number, not "many"',
    ],
  ],
  ["iptables: 3\n", ["line 3: iptables: must be a map of fields"]],
  ["mode: [a]\n", ['line 3: mode: must be a string, not ["a"]']],
  ["nodePortAddresses: 10.0.0.0/8\n", ['line 3: nodePortAddresses: must be a list of strings, not "10.0.0.0/8"']],
  ["configSyncPeriod: 30\n", ["line 3: configSyncPeriod: must be a duration such as 30s or 1m30s, not 30"]],
  ["mode: a\nmode: b\n", ["line 4: Map keys must be unique"]],
  ["mode: 'a\n", ["line 4: Missing closing 'quote"]],
  ["featureGates: {A: 1}\n", ['line 3: featureGates: must be a map of names to true or false, not {"A":1}']],
];
for (const [body, faults] of refused)
  test(`refused: ${JSON.stringify(body)}`, () => {
    const { configuration, faults: found } = decodeConfiguration(head + body);
    assert.equal(configuration, undefined);
    assert.deepEqual(found.map(formatFault), faults);
  });

test("refused as a whole", () => {
  const faultsOf = (text: string) => decodeConfiguration(text).faults.map(formatFault);
  assert.deepEqual(faultsOf("- a\n"), ["line 1: must be a map of fields"]);
  assert.deepEqual(faultsOf(""), ["must be a map of fields"]);
  assert.deepEqual(faultsOf("apiVersion: v1\nkind: Pod\n"), [
    'line 1: apiVersion: must be kubeproxy.config.k8s.io/v1alpha1, not "v1"',
    'line 2: kind: must be KubeProxyConfiguration, not "Pod"',
  ]);
  assert.match(faultsOf(`# ${"x".repeat(1 << 20)}`)[0]!, /longer than/);
});

test("what is written is read as the same", () => {
  const milliseconds = fc.integer({ min: 1, max: 90_000_000 });
  const changed = fc.record({
    mode: fc.constantFrom("", "iptables", "nftables"),
    oomScoreAdj: fc.integer({ min: -1000, max: 1000 }),
    nodePortAddresses: fc.array(fc.string()),
    hostnameOverride: fc.string(),
    configSyncPeriod: milliseconds,
    udpIdleTimeout: milliseconds,
  });
  fc.assert(
    fc.property(changed, milliseconds, fc.boolean(), (fields, syncPeriod, masqueradeAll) => {
      const configuration = { ...defaultConfiguration(), ...fields };
      Object.assign(configuration.iptables, { syncPeriod, masqueradeAll });
      const { configuration: read, faults } = decodeConfiguration(formatConfiguration(configuration));
      assert.deepEqual(faults, []);
      assert.deepEqual(read, configuration);
    }),
  );
});

test("any text is answered, with a configuration or with faults", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { configuration, faults } = decodeConfiguration(head + text);
      assert.equal(configuration === undefined, faults.length > 0);
    }),
  );
});
