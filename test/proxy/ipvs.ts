/** The ipvs mode on the kernel, as tests set it up. */
import type { Family } from "../../src/ip/address.ts";
import { Ipset } from "../../src/linux/ipset/ipset.ts";
import { findIptables, type Iptables } from "../../src/linux/iptables.ts";
import { Ipvs } from "../../src/linux/ipvs/ipvs.ts";
import { DeviceAddresses } from "../../src/linux/rtnetlink/addresses.ts";
import { defaultConfiguration } from "../../src/serviceproxy/config/defaults.ts";
import type { IpvsConfig } from "../../src/serviceproxy/modes/ipvs/config.ts";
import { prepareIpvs } from "../../src/serviceproxy/modes/ipvs/host.ts";
import { IpvsMode } from "../../src/serviceproxy/modes/ipvs/mode.ts";
import { ipvsConfig } from "../../src/serviceproxy/testing/ipvs-fixture.ts";

export interface OpenMode {
  mode: IpvsMode;
  ipvs: Ipvs;
  /** Addresses that the kernel did not take. */
  refused: string[];
  close(): void;
}

/** Asked for their version once: a virtual machine starts programs slowly. */
const tools = new Map<Family, Promise<Iptables>>();
function iptablesOf(family: Family): Promise<Iptables> {
  const found = tools.get(family) ?? findIptables(family);
  tools.set(family, found);
  return found;
}

/** Opens the mode for one family in the network namespace of this process. */
export async function openIpvsMode(family: Family, config: Partial<IpvsConfig> = {}): Promise<OpenMode> {
  await prepareIpvs(defaultConfiguration());
  const [ipvs, ipset, devices] = [new Ipvs(), new Ipset(), new DeviceAddresses()];
  const refused: string[] = [];
  const kernel = { ipvs, ipset, devices, iptables: await iptablesOf(family) };
  return {
    mode: new IpvsMode(
      kernel,
      () => ({ ...ipvsConfig, ...config, family }),
      (what) => refused.push(what),
    ),
    refused,
    ipvs,
    close() {
      for (const one of [ipvs, ipset, devices]) one.close();
    },
  };
}
