/** What is served and for whom, by which mode; and how the rules of all modes are kept. */
import { proxyModes } from "../modes.ts";
import { type Flag, field, flag } from "./flag.ts";
import { boolean, duration, integer, string, strings } from "./readers.ts";

export const trafficFlags: Readonly<Record<string, Flag>> = {
  "proxy-mode": field("MODE", `${proxyModes.join(", ")} (${proxyModes[0]})`, string, (into, value) => {
    into.mode = value;
  }),
  "cluster-cidr": field("CIDR", "range of the Pods' addresses, one for each family", string, (into, value) => {
    into.clusterCIDR = value;
  }),
  "detect-local-mode": field(
    "MODE",
    "how Pods' traffic is known: ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix",
    string,
    (into, value) => {
      into.detectLocalMode = value;
    },
  ),
  "pod-bridge-interface": field("NAME", "the bridge of BridgeInterface", string, (into, value) => {
    into.detectLocal.bridgeInterface = value;
  }),
  "pod-interface-name-prefix": field("PREFIX", "of InterfaceNamePrefix", string, (into, value) => {
    into.detectLocal.interfaceNamePrefix = value;
  }),
  "bind-address": field(
    "ADDRESS",
    "the node's own address, when it is not the Node object's; nothing listens on it",
    string,
    (into, value) => {
      into.bindAddress = value;
    },
  ),
  "nodeport-addresses": flag(
    "CIDRS",
    'addresses of this node that node ports answer on, or "primary"; all by default, in nftables mode "primary"',
    strings,
    ({ configuration, given }, value) => {
      configuration.nodePortAddresses = given.has("nodeport-addresses")
        ? [...configuration.nodePortAddresses, ...value]
        : value;
    },
  ),
  "masquerade-all": field(undefined, "masquerade everything that goes to a cluster address", boolean, (into, value) => {
    into.iptables.masqueradeAll = value;
    into.nftables.masqueradeAll = value;
  }),
  "iptables-masquerade-bit": field(
    "BIT",
    "bit of the packet mark that asks for masquerading (14)",
    integer,
    (into, value) => {
      into.iptables.masqueradeBit = value;
      into.nftables.masqueradeBit = value;
    },
  ),
  "iptables-localhost-nodeports": field(
    undefined,
    "node ports answer on 127.0.0.1 too (true)",
    boolean,
    (into, value) => {
      into.iptables.localhostNodePorts = value;
    },
  ),
  "iptables-sync-period": field(
    "DURATION",
    "how often to look whether rules were flushed, in all modes but ipvs (30s)",
    duration,
    (into, value) => {
      into.iptables.syncPeriod = value;
      into.nftables.syncPeriod = value;
    },
  ),
  "iptables-min-sync-period": field(
    "DURATION",
    "least time between two syncs, in all modes but ipvs (1s)",
    duration,
    (into, value) => {
      into.iptables.minSyncPeriod = value;
      into.nftables.minSyncPeriod = value;
    },
  ),
};
