import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFlags, parseCommandLine } from "./command-line.ts";
import { defaultConfiguration } from "./defaults.ts";
import { FlagError } from "./flags/flag.ts";
import { flags } from "./flags/index.ts";
import type { KubeProxyConfiguration } from "./schema.ts";

test("without flags everything is at its default", () => {
  const { configuration, warnings } = parseCommandLine([]);
  assert.deepEqual(configuration, defaultConfiguration());
  assert.deepEqual(warnings, []);
});

/** Each flag with a value of its own, and what it changes. */
const read: [args: string, change: (configuration: KubeProxyConfiguration) => void][] = [
  ["--kubeconfig=/a", (c) => Object.assign(c.clientConnection, { kubeconfig: "/a" })],
  ["--proxy-mode nftables", (c) => Object.assign(c, { mode: "nftables" })],
  ["--cluster-cidr 10.32.0.0/12,fd00::/48", (c) => Object.assign(c, { clusterCIDR: "10.32.0.0/12,fd00::/48" })],
  ["--detect-local-mode NodeCIDR", (c) => Object.assign(c, { detectLocalMode: "NodeCIDR" })],
  ["--pod-bridge-interface br0", (c) => Object.assign(c.detectLocal, { bridgeInterface: "br0" })],
  ["--pod-interface-name-prefix veth", (c) => Object.assign(c.detectLocal, { interfaceNamePrefix: "veth" })],
  ["--nodeport-addresses primary", (c) => Object.assign(c, { nodePortAddresses: ["primary"] })],
  [
    "--nodeport-addresses 10.0.0.0/24,::/0 --nodeport-addresses 127.0.0.0/8",
    (c) => Object.assign(c, { nodePortAddresses: ["10.0.0.0/24", "::/0", "127.0.0.0/8"] }),
  ],
  [
    "--masquerade-all --iptables-masquerade-bit 3",
    (c) => {
      for (const mode of [c.iptables, c.nftables]) Object.assign(mode, { masqueradeAll: true, masqueradeBit: 3 });
    },
  ],
  [
    "--masquerade-all=F --iptables-localhost-nodeports=0",
    (c) => Object.assign(c.iptables, { localhostNodePorts: false }),
  ],
  [
    "--iptables-sync-period 1h1m1.5s --iptables-min-sync-period 10ms",
    (c) => {
      for (const mode of [c.iptables, c.nftables]) Object.assign(mode, { syncPeriod: 3_661_500, minSyncPeriod: 10 });
    },
  ],
  [
    "--ipvs-sync-period 1m --ipvs-min-sync-period 1s --ipvs-scheduler lc --ipvs-exclude-cidrs 10.0.0.0/8 --ipvs-strict-arp",
    (c) =>
      Object.assign(c.ipvs, {
        syncPeriod: 60_000,
        minSyncPeriod: 1000,
        scheduler: "lc",
        excludeCIDRs: ["10.0.0.0/8"],
        strictARP: true,
      }),
  ],
  [
    "--ipvs-tcp-timeout 1s --ipvs-tcpfin-timeout 2s --ipvs-udp-timeout 3s",
    (c) => Object.assign(c.ipvs, { tcpTimeout: 1000, tcpFinTimeout: 2000, udpTimeout: 3000 }),
  ],
  [
    "--proxy-port-range 20000-21000 --udp-timeout 10s",
    (c) => Object.assign(c, { portRange: "20000-21000", udpIdleTimeout: 10_000 }),
  ],
  [
    "--healthz-bind-address [::]:10256 --metrics-bind-address=",
    (c) => Object.assign(c, { healthzBindAddress: "[::]:10256", metricsBindAddress: "" }),
  ],
  ["--healthz-bind-address 127.0.0.1", (c) => Object.assign(c, { healthzBindAddress: "127.0.0.1:10256" })],
  [
    "--bind-address fd00::5",
    (c) =>
      Object.assign(c, {
        bindAddress: "fd00::5",
        healthzBindAddress: "[::]:10256",
        metricsBindAddress: "[::1]:10249",
      }),
  ],
  [
    "--bind-address-hard-fail --oom-score-adj -5",
    (c) => Object.assign(c, { bindAddressHardFail: true, oomScoreAdj: -5 }),
  ],
  [
    "--conntrack-max-per-core 0 --conntrack-min 7 --conntrack-tcp-be-liberal --conntrack-tcp-timeout-established 1h",
    (c) => Object.assign(c.conntrack, { maxPerCore: 0, min: 7, tcpBeLiberal: true, tcpEstablishedTimeout: 3_600_000 }),
  ],
  [
    "--conntrack-tcp-timeout-close-wait 1m --conntrack-udp-timeout 30s --conntrack-udp-timeout-stream 2m",
    (c) => Object.assign(c.conntrack, { tcpCloseWaitTimeout: 60_000, udpTimeout: 30_000, udpStreamTimeout: 120_000 }),
  ],
  ["-v 4", (c) => Object.assign(c.logging, { verbosity: 4 })],
  ["--v=5 --logging-format json", (c) => Object.assign(c.logging, { verbosity: 5, format: "json" })],
];
for (const [args, change] of read)
  test(`flags: ${args}`, () => {
    const expected = defaultConfiguration();
    change(expected);
    assert.deepEqual(parseCommandLine(args.split(" ")).configuration, expected);
  });

test("what is no field of the configuration", () => {
  const { configuration, warnings, ...rest } = parseCommandLine(
    "--config /c --write-config-to /w --master https://a --hostname-override N1 --cleanup --init-only -h --version".split(
      " ",
    ),
  );
  assert.deepEqual(rest, {
    configFile: "/c",
    writeConfigTo: "/w",
    master: "https://a",
    hostnameOverride: "N1",
    cleanup: true,
    initOnly: true,
    help: true,
    version: true,
  });
  assert.deepEqual(warnings, []);
});

const told: [args: string, warning: RegExp][] = [
  ["--config /c --proxy-mode nftables --v 2 --cluster-cidr 10.0.0.0/8", /ignored --proxy-mode, --cluster-cidr$/],
  ["--healthz-port 10300", /--healthz-port is deprecated: use --healthz-bind-address/],
  ["--kube-api-qps 50.5", /--kube-api-qps has no effect/],
  ["--logtostderr --log-dir /tmp", /--logtostderr has no effect: logs are JSON lines/],
  ["--profiling", /--profiling has no effect/],
];
for (const [args, warning] of told)
  test(`told: ${args}`, () => assert.match(parseCommandLine(args.split(" ")).warnings.join("\n"), warning));

test("ports of old become addresses", () => {
  const { configuration } = parseCommandLine(["--healthz-port=0", "--metrics-port", "999"]);
  assert.equal(configuration.healthzBindAddress, "");
  assert.equal(configuration.metricsBindAddress, "127.0.0.1:999");
});

const refused: [args: string, message: RegExp][] = [
  ["--unheard-of", /^unknown: --unheard-of$/],
  ["--toString=1", /^unknown: --toString=1$/],
  ["positional", /^unknown: positional$/],
  ["--kubeconfig", /--kubeconfig needs a value/],
  ["--masquerade-all=yes", /"yes" is neither true nor false/],
  ["--iptables-masquerade-bit x", /"x" is not a whole number/],
  ["--iptables-sync-period 30", /"30" is not a duration/],
  ["--kube-api-qps fast", /"fast" is not a number/],
  ["--feature-gates A", /"A" is not of the form GATE=true/],
  ["--healthz-port 70000", /not a port from 0 to 65535/],
  ["--windows-service", /runs on Linux/],
];
for (const [args, message] of refused)
  test(`refused: ${args}`, () => {
    assert.throws(
      () => parseCommandLine(args.split(" ")),
      (error) => error instanceof FlagError && message.test(error.message),
    );
  });

/** pkg/cmd of Kubernetes 1.36 and the userspace mode's of 1.25, logging flags of component-base included. */
const kubeProxyFlags =
  `config write-config-to cleanup init-only feature-gates kubeconfig master kube-api-content-type kube-api-burst
  kube-api-qps hostname-override bind-address healthz-bind-address metrics-bind-address bind-address-hard-fail profiling
  show-hidden-metrics-for-version proxy-mode iptables-masquerade-bit masquerade-all iptables-localhost-nodeports iptables-sync-period
  iptables-min-sync-period ipvs-sync-period ipvs-min-sync-period ipvs-scheduler ipvs-exclude-cidrs ipvs-strict-arp ipvs-tcp-timeout
  ipvs-tcpfin-timeout ipvs-udp-timeout detect-local-mode pod-bridge-interface pod-interface-name-prefix cluster-cidr nodeport-addresses
  oom-score-adj conntrack-max-per-core conntrack-min conntrack-tcp-timeout-established conntrack-tcp-timeout-close-wait
  conntrack-tcp-be-liberal conntrack-udp-timeout conntrack-udp-timeout-stream config-sync-period healthz-port metrics-port
  proxy-port-range udp-timeout v vmodule logging-format log-flush-frequency log-json-info-buffer-size log-json-split-stream`.split(
    /\s+/,
  );

test("every flag of kube-proxy is known, and the help shows those that do something", () => {
  for (const name of kubeProxyFlags) assert.ok(Object.hasOwn(flags, name), name);
  const help = describeFlags(80);
  assert.ok(
    help.split("\n").every((line) => line.length <= 80),
    help,
  );
  for (const [name, { hidden }] of Object.entries(flags))
    assert.equal(new RegExp(`^ {2}--${name}( |$)`, "m").test(help), hidden !== true, name);
});
