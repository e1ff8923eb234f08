import assert from "node:assert/strict";
import { test } from "node:test";
import { flowKey, parseFlows } from "./conntrack.ts";

test("flows are read from what conntrack prints", () => {
  const text = `udp      17 27 src=10.1.0.9 dst=10.96.0.10 sport=5000 dport=53 [UNREPLIED] src=10.1.0.4 dst=10.1.0.9 sport=5353 dport=5000 mark=0 use=1
udp      17 117 src=fd00::9 dst=fd00:96::10 sport=5000 dport=53 src=fd00::4 dst=fd00::9 sport=53 dport=5000 [ASSURED] mark=0 use=1
tcp      6 431999 ESTABLISHED src=10.1.0.9 dst=10.96.0.1 sport=40000 dport=443 src=192.168.0.2 dst=10.1.0.9 sport=6443 dport=40000 [ASSURED] use=1
tcp      6 118 SYN_SENT src=198.18.0.1 dst=198.18.0.10 sport=40000 dport=30080 [UNREPLIED] src=10.1.0.4 dst=198.18.0.10 sport=80 dport=40000 use=1
udp      17 3 src=10.1.0.9 dst=10.96.0.10 sport=5000
`;
  assert.deepEqual(parseFlows(text), [
    { protocol: "UDP", destination: "10.96.0.10", destinationPort: 53, replySource: "10.1.0.4", replySourcePort: 5353 },
    { protocol: "UDP", destination: "fd00:96::10", destinationPort: 53, replySource: "fd00::4", replySourcePort: 53 },
    {
      protocol: "TCP",
      destination: "198.18.0.10",
      destinationPort: 30080,
      replySource: "10.1.0.4",
      replySourcePort: 80,
    },
  ]);
  assert.deepEqual(parseFlows(text).map(flowKey), [
    "UDP 10.96.0.10:53>10.1.0.4:5353",
    "UDP [fd00:96::10]:53>[fd00::4]:53",
    "TCP 198.18.0.10:30080>10.1.0.4:80",
  ]);
});
