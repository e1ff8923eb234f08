import { parsePrefix } from "../../../ip/prefix.ts";
import { Ipset } from "../../../linux/ipset/ipset.ts";
import { isVersionAtLeast } from "../../../linux/iptables.ts";
import { Ipvs } from "../../../linux/ipvs/ipvs.ts";
import { DeviceAddresses } from "../../../linux/rtnetlink/addresses.ts";
import type { ProxySettings } from "../../config/settings.ts";
import { nodePortAddresses } from "../../node-port-addresses.ts";
import type { ModeContext } from "../context.ts";
import { findFamilies } from "../iptables/open.ts";
import { prepareIpvs } from "./host.ts";
import { IpvsMode } from "./mode.ts";

/** Milliseconds between two looks for endpoints that have lost their last connection. */
const retireInterval = 10_000;
const defaultScheduler = "rr";

export interface OpenIpvs {
  modes: IpvsMode[];
  tool: string;
  close(): void;
}

/** Opens the mode for the families that this machine has iptables for. Throws IpvsMissingError where the kernel has no IPVS. */
export async function openIpvs(context: ModeContext): Promise<OpenIpvs> {
  const { settings, localTraffic, surroundings, log } = context;
  const scheduler = settings.configuration.ipvs.scheduler || defaultScheduler;
  const excluded = settings.configuration.ipvs.excludeCIDRs.map((text) => parsePrefix(text)!);
  await prepareIpvs(settings.configuration);
  const found = await findFamilies(log);
  prepareKernel(scheduler, settings);
  const sockets: { close(): void }[] = [];
  const modes = found.map((iptables) => {
    const { family, version } = iptables;
    const own = { ipvs: new Ipvs(), ipset: new Ipset(), devices: new DeviceAddresses() };
    sockets.push(...Object.values(own));
    const config = () => ({
      family,
      mark: 2 ** settings.masqueradeBit,
      masqueradeAll: settings.masqueradeAll,
      localTraffic: localTraffic[family],
      nodePortAddresses: nodePortAddresses(settings.nodePortAddresses, family, surroundings().nodeAddresses),
      randomFully: isVersionAtLeast(version.text, "1.6.2"),
      scheduler,
      excluded,
    });
    return new IpvsMode({ ...own, iptables }, config, (what, error) =>
      log.warn({ what, error: error.message }, "an address that the kernel does not take is left out"),
    );
  });
  let isRetiring = false;
  const retire = (mode: IpvsMode) =>
    mode.retire().catch((error: Error) => log.warn({ err: error }, "endpoints that are gone could not be removed"));
  const looking = setInterval(async () => {
    if (isRetiring) return;
    isRetiring = true;
    await Promise.all(modes.map(retire));
    isRetiring = false;
  }, retireInterval);
  return {
    modes,
    tool: `IPVS (${scheduler})`,
    close() {
      clearInterval(looking);
      for (const socket of sockets) socket.close();
    },
  };
}

/** Looks for the scheduler and sets IPVS's timeouts: 0 leaves one as it is; so does a configuration that names none. */
function prepareKernel(scheduler: string, { configuration }: ProxySettings): void {
  const { tcpTimeout, tcpFinTimeout, udpTimeout } = configuration.ipvs;
  const seconds = (milliseconds: number) => Math.round(milliseconds / 1000);
  const ipvs = new Ipvs();
  try {
    ipvs.probeScheduler(scheduler);
    if (tcpTimeout + tcpFinTimeout + udpTimeout > 0)
      ipvs.setTimeouts({ tcp: seconds(tcpTimeout), tcpFin: seconds(tcpFinTimeout), udp: seconds(udpTimeout) });
  } finally {
    ipvs.close();
  }
}
