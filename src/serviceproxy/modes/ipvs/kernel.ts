import type { Ipset } from "../../../linux/ipset/ipset.ts";
import type { Iptables } from "../../../linux/iptables.ts";
import type { DeviceAddresses } from "../../../linux/rtnetlink/addresses.ts";
import type { IpvsCalls } from "./servers.ts";

/** What the mode changes in the kernel. */
export interface Kernel {
  ipvs: IpvsCalls;
  ipset: Omit<Ipset, "close" | "flush">;
  devices: Omit<DeviceAddresses, "close">;
  iptables: Pick<Iptables, "family" | "save" | "restore">;
}
