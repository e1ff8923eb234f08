/** What the process is to do, and where it finds its configuration and the API. */
import { type Flag, field, flag } from "./flag.ts";
import { boolean, gates, integer, string } from "./readers.ts";

export const processFlags: Readonly<Record<string, Flag>> = {
  config: flag(
    "FILE",
    "a KubeProxyConfiguration; flags that it could say are ignored beside it",
    string,
    (into, value) => {
      into.configFile = value;
    },
    { besideFile: true },
  ),
  "write-config-to": flag(
    "FILE",
    "write the configuration to this file and end",
    string,
    (into, value) => {
      into.writeConfigTo = value;
    },
    { besideFile: true },
  ),
  cleanup: flag(
    undefined,
    "remove all rules of the proxy and end",
    boolean,
    (into, value) => {
      into.cleanup = value;
    },
    { besideFile: true },
  ),
  "init-only": flag(
    undefined,
    "do what needs all of root's rights (sysctls) and end",
    boolean,
    (into, value) => {
      into.initOnly = value;
    },
    { besideFile: true },
  ),
  kubeconfig: field(
    "FILE",
    "how to reach the API server; without it, the Pod's own ServiceAccount",
    string,
    (into, value) => {
      into.clientConnection.kubeconfig = value;
    },
  ),
  master: flag(
    "URL",
    "overrides the kubeconfig's server",
    string,
    (into, value) => {
      into.master = value;
    },
    { besideFile: true },
  ),
  "hostname-override": flag(
    "NODE",
    "name of this node; the host's name by default",
    string,
    (into, value) => {
      into.hostnameOverride = value;
    },
    { besideFile: true },
  ),
  "oom-score-adj": field(
    "NUMBER",
    "from -1000 to 1000: how soon the kernel kills this process when memory is short (-999)",
    integer,
    (into, value) => {
      into.oomScoreAdj = value;
    },
  ),
  "feature-gates": field(
    "GATES",
    "AllowServiceExternalIPs=false: externalIPs of Services get no rules; others have no effect",
    gates,
    (into, value) => {
      Object.assign(into.featureGates, value);
    },
  ),
  version: flag(
    undefined,
    "show the version",
    boolean,
    (into, value) => {
      into.version = value;
    },
    { besideFile: true },
  ),
  help: flag(
    undefined,
    "show this help",
    boolean,
    (into, value) => {
      into.help = value;
    },
    { besideFile: true },
  ),
};
