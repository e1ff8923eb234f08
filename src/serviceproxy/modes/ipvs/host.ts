import { release } from "node:os";
import { Ipvs } from "../../../linux/ipvs/ipvs.ts";
import { readSysctl, writeSysctl } from "../../../linux/sysctl.ts";
import type { KubeProxyConfiguration } from "../../config/schema.ts";

export interface Setting {
  /** Below /proc/sys. */
  name: string;
  value: string;
}

/**
 * What IPVS needs of the kernel's settings, as kube-proxy sets them. Of `conn_reuse_mode`: from 5.9 on the kernel's own way is right, and
 * before it a client that used a port again within two minutes met a delay of a second unless it was 0.
 */
export function settingsFor(kernel: string, strictARP: boolean): Setting[] {
  const [major = 0, minor = 0] = kernel.split(".").map((part) => Number.parseInt(part, 10));
  const vs = (name: string, value: string) => ({ name: `net/ipv4/vs/${name}`, value });
  return [
    vs("conntrack", "1"),
    ...(major < 5 || (major === 5 && minor < 9) ? [vs("conn_reuse_mode", "0")] : []),
    vs("expire_nodest_conn", "1"),
    vs("expire_quiescent_template", "1"),
    { name: "net/ipv4/ip_forward", value: "1" },
    // Otherwise every node answers neighbours who ask for an address that all nodes hold.
    ...(strictARP
      ? [
          { name: "net/ipv4/conf/all/arp_ignore", value: "1" },
          { name: "net/ipv4/conf/all/arp_announce", value: "2" },
        ]
      : []),
  ];
}

/** Loads IPVS and makes the settings. Throws IpvsMissingError; rejects with the name of a setting that cannot be made. */
export async function prepareIpvs({ ipvs }: Pick<KubeProxyConfiguration, "ipvs">): Promise<void> {
  // The settings come with the module, which the first question loads.
  new Ipvs().close();
  for (const { name, value } of settingsFor(release(), ipvs.strictARP)) {
    // An earlier --init-only had the right to set it, this process may not.
    if ((await readSysctl(name)) === value) continue;
    await writeSysctl(name, value).catch((error: Error) => {
      throw new Error(`the ipvs mode needs the sysctl ${name}=${value}: ${error.message}`, { cause: error });
    });
  }
}
