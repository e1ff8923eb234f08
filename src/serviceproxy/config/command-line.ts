import { absentConfiguration, withDerivedDefaults } from "./defaults.ts";
import { FlagError, type FlagValues } from "./flags/flag.ts";
import { flags } from "./flags/index.ts";

/** What the command line asks for. */
export interface CommandLine extends Omit<FlagValues, "given"> {
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

/** The help of the command, in lines of at most `columns` characters where a word lets them (a flag and its value take up to 45). */
export function describeFlags(columns: number): string {
  const entries = Object.entries(flags)
    .filter(([, { hidden }]) => hidden !== true)
    .map(([name, { value, help }]) => [`  --${name}${value ? ` ${value}` : ""}`, help] as const);
  const width = Math.max(...entries.map(([left]) => left.length)) + 2;
  const describe = (left: string, help: string) => {
    const [first = "", ...others] = wrap(help, columns - width);
    return [left.padEnd(width) + first, ...others.map((line) => " ".repeat(width) + line)];
  };
  return entries.flatMap(([left, help]) => describe(left, help).map((line) => `${line}\n`)).join("");
}

/** Lines of at most `columns` characters; a word that is longer has one of its own. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = [...lines.slice(-1), word].join(" ");
    if (lines.length > 0 && longer.length <= columns) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
