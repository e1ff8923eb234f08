import { access } from "node:fs/promises";
import type { Family } from "../../../ip/address.ts";
import { findIptables, type Iptables, isVersionAtLeast } from "../../../linux/iptables.ts";
import { readSysctl, writeSysctl } from "../../../linux/sysctl.ts";
import type { Logger } from "../../../role/log.ts";
import type { ProxySettings } from "../../config/settings.ts";
import { includesLoopback, nodePortAddresses } from "../../node-port-addresses.ts";
import type { ModeContext } from "../context.ts";
import type { Mode } from "../mode.ts";
import { Abilities } from "./abilities.ts";
import type { IptablesConfig } from "./config.ts";

/** The iptables of each family that this kernel and this machine have; IPv4 must be there. */
export async function findFamilies(log: Logger): Promise<Iptables[]> {
  const six = async () => {
    await access("/proc/net/if_inet6");
    return findIptables(6);
  };
  const [four, other] = await Promise.allSettled([findIptables(4), six()]);
  if (four.status === "rejected") throw four.reason;
  if (other.status === "fulfilled") return [four.value, other.value];
  log.info({ reason: (other.reason as Error).message }, "IPv4 only");
  return [four.value];
}

export interface OpenIptables<M extends Mode> {
  modes: M[];
  tool: string;
  families: readonly Iptables[];
  abilities: Abilities;
}

/** Opens the mode, or one that makes use of its rules, for the families that this machine has. */
export async function openIptables<M extends Mode>(
  context: ModeContext,
  create: (iptables: Iptables, config: () => IptablesConfig, refused: (error: Error) => void) => M,
): Promise<OpenIptables<M>> {
  const { settings, log, surroundings } = context;
  const found = await findFamilies(log);
  const kernel = await readKernel(context);
  const abilities = new Abilities(log);
  const modes = found.map((iptables) => {
    const { family, version } = iptables;
    const fixed = {
      family,
      mark: 2 ** settings.masqueradeBit,
      masqueradeAll: settings.masqueradeAll,
      localTraffic: context.localTraffic[family satisfies Family],
      randomFully: isVersionAtLeast(version.text, "1.6.2"),
      ...kernel,
    };
    return create(
      iptables,
      (): IptablesConfig => ({
        ...fixed,
        sctp: abilities.sctp,
        counters: abilities.counters !== undefined,
        nodePortAddresses: nodePortAddresses(settings.nodePortAddresses, family, surroundings().nodeAddresses),
      }),
      (error) => abilities.refused(error),
    );
  });
  const tool = found.map(({ version: { text, backend } }) => `iptables ${text} (${backend})`).join(", ");
  return { modes, tool, families: found, abilities };
}

/** What the rules have to know of the kernel. */
async function readKernel({
  settings,
  log,
}: ModeContext): Promise<{ localhostNodePorts: boolean; dropInvalid: boolean }> {
  const liberal = await readSysctl("net/netfilter/nf_conntrack_tcp_be_liberal");
  return {
    localhostNodePorts: await openLocalhostNodePorts(settings, log),
    dropInvalid: liberal === undefined || liberal === "0",
  };
}

/** Lets packets from 127.0.0.1 out when node ports on localhost are wanted; resolves to whether they answer there. */
export async function openLocalhostNodePorts(settings: ProxySettings, log: Logger): Promise<boolean> {
  if (!settings.configuration.iptables.localhostNodePorts || !includesLoopback(settings.nodePortAddresses))
    return false;
  const setting = "net/ipv4/conf/all/route_localnet";
  // An earlier --init-only had the right to set it, this process may not.
  if ((await readSysctl(setting)) === "1") return true;
  return writeSysctl(setting, "1").then(
    () => true,
    (error: Error) => {
      log.warn({ err: error }, "node ports do not answer on localhost: the sysctl route_localnet cannot be set");
      return false;
    },
  );
}
