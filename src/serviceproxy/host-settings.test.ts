import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfiguration } from "./config/defaults.ts";
import { conntrackMaximum, conntrackSettings } from "./host-settings.ts";

const { conntrack } = defaultConfiguration();

const maxima: [maxPerCore: number, min: number, cores: number, expected: number | undefined][] = [
  [32_768, 131_072, 2, 131_072],
  [32_768, 131_072, 8, 262_144],
  [32_768, 131_072, 64, 1_048_576],
  [32_768, 2_000_000, 64, 1_048_576],
  [32_768, 2_000_000, 2, 2_000_000],
  [0, 131_072, 64, undefined],
];
for (const [maxPerCore, min, cores, expected] of maxima)
  test(`conntrack: ${maxPerCore} a core, ${min} at least, ${cores} cores`, () =>
    assert.equal(conntrackMaximum({ ...conntrack, maxPerCore, min }, cores), expected));

test("by default: the size and two timeouts of TCP", () => {
  assert.deepEqual(conntrackSettings(conntrack, 4), [
    ["net/netfilter/nf_conntrack_max", "131072"],
    ["net/netfilter/nf_conntrack_tcp_timeout_established", "86400"],
    ["net/netfilter/nf_conntrack_tcp_timeout_close_wait", "3600"],
  ]);
});

test("everything that can be asked for, and nothing", () => {
  const all = { maxPerCore: 0, tcpBeLiberal: true, udpTimeout: 30_000, udpStreamTimeout: 180_500 };
  assert.deepEqual(conntrackSettings({ ...conntrack, ...all }, 4), [
    ["net/netfilter/nf_conntrack_tcp_be_liberal", "1"],
    ["net/netfilter/nf_conntrack_tcp_timeout_established", "86400"],
    ["net/netfilter/nf_conntrack_tcp_timeout_close_wait", "3600"],
    ["net/netfilter/nf_conntrack_udp_timeout", "30"],
    ["net/netfilter/nf_conntrack_udp_timeout_stream", "180"],
  ]);
  const none = { maxPerCore: 0, tcpEstablishedTimeout: 0, tcpCloseWaitTimeout: 0 };
  assert.deepEqual(conntrackSettings({ ...conntrack, ...none }, 4), []);
});
