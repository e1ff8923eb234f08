/** What is left of the mode, of this program's and of kube-proxy's, and how to take it away. */
import { readFile } from "node:fs/promises";
import { familyOf, formatAddressPort } from "../../../ip/address.ts";
import { Ipset } from "../../../linux/ipset/ipset.ts";
import type { Iptables } from "../../../linux/iptables.ts";
import { Ipvs } from "../../../linux/ipvs/ipvs.ts";
import { virtualKey } from "../../../linux/ipvs/server.ts";
import { DeviceAddresses } from "../../../linux/rtnetlink/addresses.ts";
import { readTables } from "../iptables/mode.ts";
import type { Kernel } from "./kernel.ts";
import { type IsOwn, planRemoval } from "./plan.ts";
import { chainPrefix } from "./rules.ts";
import { device, type SetKind, setName, setSchema, setTypes } from "./schema.ts";

/** Chains that only kube-proxy's ipvs mode has, of several of its releases. Those it shares with its iptables mode go with that one's. */
const kubeProxyChains: ReadonlySet<string> = new Set(
  "NODE-PORT LOAD-BALANCER SOURCE-RANGES-FIREWALL IPVS-FILTER IPVS-OUT-FILTER FIRE-WALL"
    .split(" ")
    .map((name) => `KUBE-${name}`),
);
/** Its sets; those of IPv6 begin with KUBE-6- and may be cut at 31 characters. */
const kubeProxySet =
  /^KUBE-(6-)?(LOOP-BACK|CLUSTER-IP|EXTERNAL-IP|LOAD-BALANCER|NODE-PORT|HEALTH-CHECK-NODE-PORT|IPVS-IPS)/;

const isOwnChain: IsOwn = (chain) => chain.startsWith(chainPrefix);

/** Takes away everything of one family. Virtual servers that are not ours stay. `ipvs` is absent when its module was never loaded. */
export async function cleanupFamily({
  ipvs,
  ipset,
  devices,
  iptables,
}: Pick<Kernel, "ipset" | "devices" | "iptables"> & { ipvs?: Kernel["ipvs"] }): Promise<void> {
  const { family } = iptables;
  await removeChains(iptables, isOwnChain);
  const index = devices.indexOf(device);
  const all = await devices.list(family);
  const held = new Set(all.filter((found) => found.device === index).map(({ address }) => address));
  const present = await ipset.listSizes();
  const served = new Set<string>();
  for (const kind of ["EXTERNAL", "EXTERNAL-LOCAL"] as const) {
    const schema = setSchema(family, kind);
    if (present.has(schema.name)) await ipset.list(schema, (pair) => served.add(keyOf(pair)));
  }
  for (const server of (await ipvs?.listServers()) ?? [])
    if (familyOf(server.address) === family && (held.has(server.address) || served.has(virtualKey(server))))
      ipvs!.deleteServer(server);
  for (const kind of Object.keys(setTypes) as SetKind[]) ipset.destroy(setName(family, kind));
  if (index === undefined) return;
  for (const address of held) devices.remove({ device: index, address });
  const rest = await devices.list(family === 4 ? 6 : 4);
  // The last: as long as it is there, something may be.
  if (!rest.some((found) => found.device === index)) devices.removeDevice(device);
}

/** "10.0.0.1,tcp:80" → "TCP 10.0.0.1:80" */
function keyOf(pair: string): string {
  const [address = "", port = ""] = pair.split(",");
  const [protocol = "", number] = port.split(":");
  return `${protocol.toUpperCase()} ${formatAddressPort(address, Number(number))}`;
}

async function removeChains(iptables: Pick<Iptables, "save" | "restore">, isOwn: IsOwn): Promise<void> {
  for (const restore of planRemoval(await readTables(iptables), isOwn)) await iptables.restore(restore);
}

/** Removes what ipvs modes left: kube-proxy's rules and sets, and with `own` everything of this program's. */
export async function removeLeft(families: readonly Iptables[], { own }: { own: boolean }): Promise<void> {
  const ipset = new Ipset();
  const devices = new DeviceAddresses();
  const ipvs = (await hasIpvs()) ? new Ipvs() : undefined;
  try {
    for (const iptables of families) {
      await removeChains(iptables, (chain) => kubeProxyChains.has(chain));
      if (own) await cleanupFamily({ ipvs, ipset, devices, iptables });
    }
    for (const name of (await ipset.listSizes()).keys()) if (kubeProxySet.test(name)) ipset.destroy(name);
  } finally {
    ipvs?.close();
    ipset.close();
    devices.close();
  }
}

/** Asking IPVS itself would load it. */
function hasIpvs(): Promise<boolean> {
  return readFile("/proc/net/ip_vs").then(
    () => true,
    () => false,
  );
}
