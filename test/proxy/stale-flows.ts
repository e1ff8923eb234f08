/** Attempts to reach an endpoint that never answers, and what the proxy has the kernel do with them once it is gone. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { before, test } from "node:test";
import pino from "pino";
import { run } from "../../src/linux/command.ts";
import { listFlows } from "../../src/linux/conntrack.ts";
import { Metrics } from "../../src/role/metrics.ts";
import { compileService } from "../../src/serviceproxy/compile/compile.ts";
import { createProxyMetrics } from "../../src/serviceproxy/metrics.ts";
import type { Mode } from "../../src/serviceproxy/modes/mode.ts";
import { FlowCleaner } from "../../src/serviceproxy/sync/flow-cleaner.ts";
import { ServiceTable } from "../../src/serviceproxy/table.ts";
import { expandService, expandSlice } from "../../src/serviceproxy/testing/objects.ts";
import { eventually } from "../support/wait.ts";

const services = ["10.96.0.20", "10.96.0.21"];
const endpoint = "127.0.0.1";
const port = 8080;

/** As a mode would translate, to an endpoint that is silent. */
const rules = `table ip lab {
  chain output {
    type nat hook output priority -100
    ip daddr { ${services.join(", ")} } tcp dport 80 dnat to ${endpoint}:${port}
  }
  chain input {
    type filter hook input priority 0
    tcp dport ${port} drop
  }
}
`;

before(async () => {
  await run("ip", ["link", "set", "lo", "up"]);
  await run("ip", ["route", "add", "10.96.0.0/16", "dev", "lo"]);
  await run("nft", ["-f", "-"], { input: rules });
});

function rowsOf(index: number, endpoints: string[]) {
  const service = { service: `default/web${index}`, ip: services[index]!, ports: [`http/TCP 80`] };
  const slice = { slice: `default/web${index}-1`, of: `web${index}`, ports: [`http/TCP ${port}`], endpoints };
  const node = { nodeName: "node", addresses: [], families: [4] as const };
  return compileService(expandService(service), [expandSlice(slice)], node).rows;
}

const asked = async () => (await listFlows(4, "TCP")).map(({ destination }) => destination).sort();

/** Gives up at once: the kernel remembers the attempt for two minutes. */
async function attempt(address: string): Promise<void> {
  const socket = connect(80, address).on("error", () => {});
  await eventually(`the attempt at ${address} is in the kernel`, asked, (seen) => seen.includes(address));
  socket.destroy();
}

test("attempts at an endpoint that leaves are forgotten, those at others stay", async () => {
  const table = new ServiceTable();
  const modes = [{ family: 4 } as Mode];
  const metrics = createProxyMetrics(new Metrics(), "iptables");
  const cleaner = new FlowCleaner({ table, modes, metrics, log: pino({ level: "silent" }) });
  for (const index of [0, 1]) table.setUnit(`default/web${index}`, rowsOf(index, [endpoint]));
  await cleaner.clean(table.takeChanges());
  for (const address of services) await attempt(address);

  table.setUnit("default/web0", rowsOf(0, ["127.0.0.2"]));
  await cleaner.clean(table.takeChanges());
  await eventually("one attempt is forgotten", asked, (seen) => seen.length < 2);
  assert.deepEqual(await asked(), [services[1]]);

  // Gathered: the second one comes while the first is being waited for.
  await attempt(services[0]!);
  for (const index of [0, 1]) {
    table.setUnit(`default/web${index}`, rowsOf(index, ["127.0.0.3"]));
    await cleaner.clean(table.takeChanges());
  }
  await eventually("both are forgotten", asked, (seen) => seen.length === 0);
  cleaner.stop();
});

test("changes that come while the flows are looked at, and those of a look that failed, are not forgotten", async () => {
  const table = new ServiceTable();
  const metrics = createProxyMetrics(new Metrics(), "iptables");
  const isServing = () => {
    meanwhile.shift()?.();
    return false;
  };
  const modes = [{ family: 4, isServing } as unknown as Mode];
  const cleaner = new FlowCleaner({ table, modes, metrics, log: pino({ level: "silent" }), retryDelay: 10 });
  const move = async (index: number, to: string) => {
    table.setUnit(`default/web${index}`, rowsOf(index, [to]));
    await cleaner.clean(table.takeChanges());
  };
  for (const index of [0, 1]) table.setUnit(`default/web${index}`, rowsOf(index, [endpoint]));
  for (const address of services) await attempt(address);
  // The mode is asked once a flow was listed: of the first look, and of the one after it.
  const meanwhile = [
    () => {
      throw new Error("cannot be looked at");
    },
    () => void move(1, "127.0.0.2"),
  ];
  await move(0, "127.0.0.2");
  await eventually("both are forgotten", asked, (seen) => seen.length === 0);
  assert.equal(meanwhile.length, 0);
  cleaner.stop();
});
