import { parseAddress } from "../../ip/address.ts";
import { parsePrefix, prefixContains } from "../../ip/prefix.ts";
import type { NodeContext } from "../compile/compile.ts";
import { ServiceInputs } from "../inputs.ts";
import type { IptablesConfig } from "../modes/iptables/config.ts";
import { planChanges, planFull } from "../modes/iptables/plan.ts";
import { ServiceTable } from "../table.ts";
import { expandService, expandSlice, type ShortService, type ShortSlice } from "./objects.ts";
import { RulesModel } from "./rules-model.ts";

/** The addresses of the node that the tables in this folder speak of. */
export const localAddresses = ["192.168.0.2", "192.168.1.2", "192.168.99.11", "2001:db8::1", "2001:db8:1::2"];

/** How the tables in this folder write a proxy's configuration. */
export interface ShortConfig {
  family?: 6;
  /** Prefix of the Pods. */
  local?: string;
  masqueradeAll?: boolean;
  iptables?: { nodePortAddresses?: string[]; localhostNodePorts?: boolean };
}

export function expandConfig({ local, masqueradeAll, iptables, ...short }: ShortConfig): IptablesConfig {
  const family = short.family ?? 4;
  const ranges = iptables?.nodePortAddresses?.map((text) => parsePrefix(text)!);
  const own = localAddresses.filter((text) => {
    const address = parseAddress(text)!;
    return address.family === family && ranges?.some((range) => prefixContains(range, address));
  });
  return {
    family,
    mark: 0x4000,
    masqueradeAll: masqueradeAll ?? false,
    localTraffic: local === undefined ? undefined : { kind: "cidr", cidr: local },
    localhostNodePorts: iptables?.localhostNodePorts ?? true,
    nodePortAddresses: ranges === undefined ? undefined : own,
    randomFully: false,
    dropInvalid: true,
  };
}

export const testNode: NodeContext = {
  nodeName: "test-node",
  addresses: [parseAddress("192.168.0.2")!, parseAddress("2001:db8::1")!],
  families: [4, 6],
};

/** The way from objects to rules, with a model in place of the kernel. */
export class IptablesFixture {
  readonly inputs: ServiceInputs;
  readonly table = new ServiceTable();
  readonly model = new RulesModel();
  readonly config: IptablesConfig;

  constructor(config: IptablesConfig, node: NodeContext = testNode) {
    this.config = config;
    this.inputs = new ServiceInputs({ ...node, families: [config.family] });
  }
  add(services: readonly ShortService[], slices: readonly ShortSlice[]): this {
    for (const short of services) this.inputs.setService(expandService(short));
    for (const short of slices) this.inputs.setSlice(expandSlice(short));
    return this;
  }
  /** What a fresh start on an empty kernel makes of the same table. */
  restart(): IptablesFixture {
    const fresh = new IptablesFixture(this.config);
    for (const row of this.table.rows()) fresh.table.setUnit(row.key, [row]);
    fresh.sync();
    return fresh;
  }
  /** Returns the restores that it took. */
  sync(): string[] {
    this.inputs.compile(this.table);
    this.table.takeChanges();
    // The plan is made of what was there before any of it came into force.
    const restores = [...planFull(structuredClone(this.model.tables), this.table.rows(), this.config)];
    for (const input of restores) this.model.restore(input);
    return restores;
  }
  applyChanges(): string {
    this.inputs.compile(this.table);
    const input = planChanges(this.table.takeChanges(), this.config);
    this.model.restore(input);
    return input;
  }
}
