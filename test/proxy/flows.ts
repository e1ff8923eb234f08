/**
 * Every flow of src/serviceproxy/testing/flows.json as real packets, in each mode, IPv4 and IPv6:
 *
 *     clients (Pods and outsiders) ── node (the test's own namespace) ── endpoints
 *
 * A case starts a new proxy on what the case before it left in the kernel. SCTP is sent where the kernel has it.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parseAddress } from "../../src/ip/address.ts";
import { parsePrefix, prefixContains } from "../../src/ip/prefix.ts";
import { run } from "../../src/linux/command.ts";
import { findIptables } from "../../src/linux/iptables.ts";
import { KernelTable } from "../../src/linux/nftables/kernel-table.ts";
import { TableMonitor } from "../../src/linux/nftables/monitor.ts";
import { writeSysctl } from "../../src/linux/sysctl.ts";
import { DescriptorBudget } from "../../src/net/budget.ts";
import { ServiceInputs } from "../../src/serviceproxy/inputs.ts";
import { createIptablesMode } from "../../src/serviceproxy/modes/iptables/mode.ts";
import type { Mode } from "../../src/serviceproxy/modes/mode.ts";
import { NftablesMode } from "../../src/serviceproxy/modes/nftables/mode.ts";
import { serviceSchema } from "../../src/serviceproxy/modes/nftables/schema.ts";
import { UserspaceMode } from "../../src/serviceproxy/modes/userspace/mode.ts";
import { kernelPorts, PortRange } from "../../src/serviceproxy/modes/userspace/port-range.ts";
import { socketAddresses } from "../../src/serviceproxy/modes/userspace/redirect.ts";
import { ServiceTable } from "../../src/serviceproxy/table.ts";
import data from "../../src/serviceproxy/testing/flows.json" with { type: "json" };
import {
  expandConfig,
  localAddresses,
  type ShortConfig,
  testNode,
} from "../../src/serviceproxy/testing/iptables-fixture.ts";
import {
  expandService,
  expandSlice,
  type ShortService,
  type ShortSlice,
} from "../../src/serviceproxy/testing/objects.ts";
import { isVirtual } from "../support/patience.ts";
import { Host } from "../support/topology.ts";
import { type Differences, differences } from "./differences.ts";
import { openIpvsMode } from "./ipvs.ts";
import { useLab } from "./use-lab.ts";

interface Config extends ShortConfig {
  nftables?: { nodePortAddresses?: string[]; serviceCIDRs?: string[] };
}
interface Case {
  id: string;
  config: Config;
  /** "same" as in the case before. */
  services: ShortService[] | "same";
  slices: ShortSlice[] | "same";
  flows: string[];
}
interface Flow {
  modes: string[];
  name: string;
  protocol: string;
  source: string;
  destination: string;
  port: number;
  /** "10.180.0.1:80"; or DROP, REJECT, "-". */
  outputs: string[];
  masquerade: boolean;
}

const flowPattern = /^(\S+) (\S+): (TCP|UDP|SCTP) (\S+) > \[?(.*?)\]?:(\d+) = (\S+)( masq)?$/;

function readFlow(text: string): Flow {
  const [, modes = "", name = "", protocol = "", source = "", destination = "", port, output = "", masquerade] =
    flowPattern.exec(text) ?? assert.fail(`unreadable flow: ${text}`);
  const outputs = output.split(",");
  return {
    modes: modes.split("+"),
    name,
    protocol,
    source,
    destination,
    port: Number(port),
    outputs,
    masquerade: masquerade !== undefined,
  };
}

/** A way of setting up one mode for a case; the second function lets go of it. */
type Open = (config: Config) => Promise<[Mode, () => void]>;

const openers: Record<string, Open> = {
  async iptables(short) {
    const config = expandConfig(short);
    if (config.family === 4)
      await writeSysctl("net/ipv4/conf/all/route_localnet", config.localhostNodePorts ? "1" : "0");
    return [createIptablesMode(await findIptables(config.family), () => config), () => {}];
  },
  async nftables({ nftables = {}, ...short }) {
    const { family, mark, masqueradeAll, localTraffic } = expandConfig(short);
    const ranges = (nftables.nodePortAddresses ?? []).map((text) => parsePrefix(text)!);
    const nodePortAddresses = localAddresses.filter((text) => {
      const address = parseAddress(text)!;
      return address.family === family && ranges.some((range) => prefixContains(range, address));
    });
    const serviceCIDRs = nftables.serviceCIDRs ?? [];
    const config = { family, mark, masqueradeAll, localTraffic, nodePortAddresses, serviceCIDRs };
    const kernel = new KernelTable(serviceSchema(family));
    const monitor = new TableMonitor(kernel.schema, kernel.port);
    const close = () => {
      kernel.close();
      monitor.close();
    };
    return [new NftablesMode(kernel, () => config, monitor), close];
  },
  async ipvs(short) {
    const { family, ...config } = expandConfig(short);
    const { mode, close } = await openIpvsMode(family, config);
    return [mode, close];
  },
  async userspace(short) {
    const config = expandConfig(short);
    const socketAddress = socketAddresses[config.family];
    const rules = createIptablesMode(await findIptables(config.family), () => ({ ...config, socketAddress }));
    const mode = new UserspaceMode({
      rules,
      budget: new DescriptorBudget(1000),
      portRange: new PortRange(await kernelPorts()),
      udpTimeout: 250,
      refused: () => {},
      skipped: () => {},
    });
    return [mode, () => mode.close()];
  },
};

/** The table knows the userspace mode by its rules, which are those of iptables; packets meet the same in ipvs. */
const modeInTable: Record<string, string> = { userspace: "iptables", ipvs: "iptables" };

/** The virtual machine is for what the host's kernel may lack: the ipvs mode, and in the others SCTP, which the userspace mode has not. */
function isSentHere(mode: string, { protocol }: Flow): boolean {
  if (protocol === "SCTP") return isVirtual && mode !== "userspace";
  return (mode === "ipvs") === isVirtual;
}

function onLoopback(verb: "replace" | "del", address: string): string {
  if (!address.includes(":")) return `addr ${verb} ${address}/32 dev lo`;
  return `addr ${verb} ${address}/128 dev lo${verb === "del" ? "" : " nodad"}`;
}

function routeToEndpoint(verb: "replace" | "del", address: string): string {
  const [length, via] = address.includes(":") ? [128, "fd00:fe::2:2"] : [32, "169.254.2.2"];
  return `route ${verb} ${address}/${length} via ${via}`;
}

type Place = "clients" | "endpoints" | "own";

/** The address and port of "10.180.0.1:80"; undefined of a verdict. */
function readEndpoint(output: string): [address: string, port: string] | undefined {
  const [, address, port = ""] = /^\[?([^\]]+?)\]?:(\d+)$/.exec(output) ?? [];
  return address === undefined ? undefined : [address, port];
}
function placesOfEndpoints({ outputs }: Flow): [string, Place][] {
  return outputs.flatMap((output) => readEndpoint(output)?.slice(0, 1) ?? []).map((address) => [address, "endpoints"]);
}
/** The node's own addresses are there. */
function placesOfClients({ source, destination }: Flow): [string, Place][] {
  if (localAddresses.includes(source) || isLoopback(source)) return [];
  // A balancer's address that calls itself is the node's, which has taken the address.
  return [[source, source === destination ? "own" : "clients"]];
}
function placeAsked({ protocol, destination, port }: Flow): string {
  return `${protocol} ${destination} ${port}`;
}
/** Of a flow's endpoints those that everybody gets who asks at the same place. */
function sharedOutputs(flow: Flow, all: readonly Flow[]): string[] {
  const lists = all
    .filter((other) => placeAsked(other) === placeAsked(flow))
    .map(({ outputs }) => outputs)
    .filter(([first = ""]) => readEndpoint(first) !== undefined);
  return flow.outputs.filter(
    (output) => readEndpoint(output) === undefined || lists.every((list) => list.includes(output)),
  );
}
function isLoopback(address: string): boolean {
  return /^(127\.0\.0\.1|::1)$/.test(address);
}

class FlowLab {
  readonly clients: Host;
  readonly endpoints: Host;
  readonly own: Host;
  /** Where the addresses of the current case are. */
  #places = new Map<string, Place>();
  readonly #servers = new Set<string>();
  #udpPort = 20_000;

  constructor(clients: Host, endpoints: Host, own: Host) {
    this.clients = clients;
    this.endpoints = endpoints;
    this.own = own;
  }

  static async create(): Promise<FlowLab> {
    const clients = await Host.create("clients");
    const endpoints = await Host.create("endpoints");
    const links: [Host, number][] = [
      [clients, 1],
      [endpoints, 2],
    ];
    const commands = ["link set lo up", ...localAddresses.map((address) => onLoopback("replace", address))];
    for (const [host, index] of links) {
      commands.push(
        `link add ${host.name} type veth peer name eth0 netns ${host.pid}`,
        `addr add 169.254.${index}.1/24 dev ${host.name}`,
        `addr add fd00:fe::${index}:1/112 dev ${host.name} nodad`,
        `link set ${host.name} up`,
      );
    }
    await ip(commands);
    for (const [host, index] of links)
      await host.ip(
        `addr add 169.254.${index}.2/24 dev eth0`,
        `addr add fd00:fe::${index}:2/112 dev eth0 nodad`,
        "link set eth0 up",
        `route add default via 169.254.${index}.1`,
        `route add default via fd00:fe::${index}:1`,
      );
    await ip(["route add default via 169.254.1.2", "route add default via fd00:fe::1:2"]);
    for (const [name, value] of [
      ["ipv4/ip_forward", "1"],
      ["ipv6/conf/all/forwarding", "1"],
      ["ipv4/conf/all/rp_filter", "0"],
      ["ipv4/conf/default/rp_filter", "0"],
    ] as const)
      await writeSysctl(`net/${name}`, value);
    return new FlowLab(clients, endpoints, await Host.inThisNamespace("node"));
  }

  remove(): void {
    for (const host of [this.clients, this.endpoints, this.own]) host.remove();
  }

  /**
   * Makes what a case's flows speak of exist, and takes away what only the case before had: what is an endpoint in one is a client in
   * another. Who serves there stays. One program for each host that has to change, for a virtual machine starts them slowly.
   */
  async arrange(flows: readonly Flow[]): Promise<void> {
    const wanted = new Map([...flows.flatMap(placesOfClients), ...flows.flatMap(placesOfEndpoints)]);
    const commands: Record<Place, string[]> = { clients: [], endpoints: [], own: [] };
    const change = (verb: "replace" | "del", address: string, place: Place) => {
      commands[place].push(onLoopback(verb, address));
      if (place === "endpoints") commands.own.push(routeToEndpoint(verb, address));
    };
    for (const [address, place] of this.#places) if (wanted.get(address) !== place) change("del", address, place);
    for (const [address, place] of wanted) if (this.#places.get(address) !== place) change("replace", address, place);
    this.#places = wanted;
    for (const place of ["clients", "endpoints", "own"] as const)
      if (commands[place].length > 0) await this[place].ip(...commands[place]);
    for (const { protocol, outputs } of flows)
      for (const output of outputs) {
        const [address, port] = readEndpoint(output) ?? [];
        const key = `${protocol} ${output}`;
        if (address === undefined || this.#servers.has(key)) continue;
        this.#servers.add(key);
        if (protocol === "TCP") await this.endpoints.serveTcp(address, Number(port), output);
        else if (protocol === "SCTP") await this.endpoints.serveSctp(address, Number(port), output);
        else await this.endpoints.serveUdp(address, Number(port), output);
      }
  }

  async check(flow: Flow, all: readonly Flow[], allowed: Differences): Promise<void> {
    const { keepsClientAddress, localhostNodePorts, choosesByClient } = allowed;
    const { protocol, source, destination, port, masquerade } = flow;
    const outputs = choosesByClient ? flow.outputs : sharedOutputs(flow, all);
    const host = this[this.#places.get(source) ?? "own"];
    const ask = () => {
      if (protocol === "TCP") return host.askTcp(destination, port, source);
      if (protocol === "SCTP") return host.askSctp(destination, port, source);
      this.#udpPort += 1;
      return host.askUdp(destination, port, this.#udpPort, source);
    };
    const [first = ""] = isLoopback(source) && !localhostNodePorts ? ["-"] : outputs;
    if (first === "REJECT") assert.equal(await ask(), "ECONNREFUSED");
    else if (first === "DROP") assert.equal(await ask(), "silence");
    // No rule applies: it goes where it would go without a proxy, which is to nobody.
    else if (first === "-") assert.match(await ask(), /^(ECONNREFUSED|silence|EHOSTUNREACH)$/);
    else {
      const heard = new Set<string>();
      // With three endpoints the odds that one is never chosen are below 2^-45.
      for (let question = 0; question < 80 && heard.size < outputs.length; question += 1) {
        const [endpoint = "", client] = (await ask()).split(" ");
        assert.ok(outputs.includes(endpoint), `${endpoint} answered, not one of ${outputs}`);
        if (keepsClientAddress) assert.equal(client !== source, masquerade, `${endpoint} saw ${client}`);
        // It is the node that asks; only for the node itself is that the client.
        else if (source !== destination && !localAddresses.includes(source)) assert.notEqual(client, source);
        heard.add(endpoint);
      }
      assert.deepEqual([...heard].sort(), outputs.toSorted());
    }
  }
}

async function ip(commands: string[]): Promise<void> {
  await run("ip", ["-batch", "-"], { input: `${commands.join("\n")}\n` });
}

const lab = useLab(() => FlowLab.create());

for (const [name, open] of Object.entries(openers) as [keyof typeof differences, Open][]) {
  describe(name, () => {
    const used = new Map<number, Config>();
    after(async () => {
      for (const config of used.values()) {
        const [mode, close] = await open(config);
        await mode.cleanup();
        close();
      }
    });
    let services: ShortService[] = [];
    let slices: ShortSlice[] = [];
    for (const { id, config, flows, ...objects } of data.cases as Case[]) {
      if (objects.services !== "same") services = objects.services;
      if (objects.slices !== "same") slices = objects.slices;
      const current = { services, slices };
      const own = flows
        .map(readFlow)
        .filter(({ modes }) => modes.includes(modeInTable[name] ?? name))
        .filter((flow) => isSentHere(name, flow));
      // ACCEPT is about the host's own firewall, which this node has not.
      const sent = own.filter(({ outputs }) => outputs[0] !== "ACCEPT");
      if (sent.length === 0) continue;
      describe(id, () => {
        let close = () => {};
        before(async () => {
          await lab().arrange(sent);
          const [mode, letGo] = await open(config);
          close = letGo;
          used.set(mode.family, config);
          const inputs = new ServiceInputs({ ...testNode, families: [mode.family] });
          const table = new ServiceTable();
          for (const short of current.services) inputs.setService(expandService(short));
          for (const short of current.slices) inputs.setSlice(expandSlice(short));
          inputs.compile(table);
          await mode.sync(table);
        });
        after(() => close());
        for (const flow of sent) test(flow.name, () => lab().check(flow, sent, differences[name]));
      });
    }
  });
}
