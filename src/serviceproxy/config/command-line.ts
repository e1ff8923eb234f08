import { absentConfiguration, withDerivedDefaults } from "./defaults.ts";
import { FlagError, type FlagValues, flags } from "./flags.ts";
import type { KubeProxyConfiguration } from "./schema.ts";

/** What the command line asks for. */
export interface CommandLine {
  /** As the flags say it; nothing of it holds when there is a file, but for what overrides the file. */
  configuration: KubeProxyConfiguration;
  configFile: string;
  writeConfigTo: string;
  /** Overrides the kubeconfig's server. */
  master: string;
  /** Overrides the file's hostnameOverride. */
  hostnameOverride: string;
  cleanup: boolean;
  initOnly: boolean;
  help: boolean;
  version: boolean;
  /** What people should know of the flags that they gave. */
  warnings: string[];
}

/** Reads kube-proxy's flags, "--flag value" or "--flag=value", "-v 2". Throws FlagError. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const values: FlagValues = {
    configuration: absentConfiguration(),
    given: new Set(),
    configFile: "",
    writeConfigTo: "",
    master: "",
    hostnameOverride: "",
    cleanup: false,
    initOnly: false,
    help: false,
    version: false,
  };
  // An empty address on the command line means none; what is not given means the default.
  const { healthzBindAddress, metricsBindAddress } = withDerivedDefaults(values.configuration);
  Object.assign(values.configuration, { healthzBindAddress, metricsBindAddress });
  const warnings: string[] = [];
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const { name, inline } = splitWord(word);
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (flag === undefined) throw new FlagError(`unknown: ${word}`);
    const value = inline ?? (flag.value === undefined ? "true" : rest.shift());
    if (value === undefined) throw new FlagError(`--${name} needs a value`);
    flag.read(value, values, name);
    values.given.add(name);
    if (flag.note !== undefined) warnings.push(`--${name} ${flag.note}`);
  }
  const { given, ...commandLine } = values;
  const { configuration } = commandLine;
  // An IPv6 node's own servers listen on IPv6, unless somebody said where.
  const derived = withDerivedDefaults({ ...configuration, healthzBindAddress: "", metricsBindAddress: "" });
  const isGiven = (...names: string[]) => names.some((name) => given.has(name));
  if (!isGiven("healthz-bind-address", "healthz-port")) configuration.healthzBindAddress = derived.healthzBindAddress;
  if (!isGiven("metrics-bind-address", "metrics-port")) configuration.metricsBindAddress = derived.metricsBindAddress;
  if (commandLine.configFile !== "") {
    const ignored = [...given].filter((name) => flags[name]!.besideFile !== true);
    if (ignored.length > 0)
      warnings.push(`--config is given: ignored ${ignored.map((name) => `--${name}`).join(", ")}`);
  }
  return { ...commandLine, warnings };
}

/** "-v2" and "-h" are the only short ones. */
function splitWord(word: string): { name: string; inline?: string } {
  if (word === "-h") return { name: "help" };
  const [, level] = /^-v=?(\d*)$/.exec(word) ?? [];
  if (level !== undefined) return level === "" ? { name: "v" } : { name: "v", inline: level };
  const [, name = "", inline] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
  return inline === undefined ? { name } : { name, inline };
}

/** The help of the command. */
export function describeFlags(): string {
  const entries = Object.entries(flags)
    .filter(([, { hidden }]) => hidden !== true)
    .map(([name, { value, help }]) => [`--${name}${value ? ` ${value}` : ""}`, help]);
  const width = Math.max(...entries.map(([left]) => left!.length));
  return entries.map(([left, help]) => `  ${left!.padEnd(width)}  ${help}\n`).join("");
}
