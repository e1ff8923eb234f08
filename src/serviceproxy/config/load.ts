import { type FSWatcher, watch } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { readText } from "../../role/read-text.ts";
import { type CommandLine, parseCommandLine } from "./command-line.ts";
import type { KubeProxyConfiguration } from "./schema.ts";
import { externalIPsGate } from "./settings.ts";
import { validateConfiguration } from "./validate.ts";

/** More than any configuration. Bytes. */
const maximumSize = 1 << 20;

/** A configuration that cannot be used; the message has one fault on each line. */
export class ConfigurationError extends Error {
  override name = "ConfigurationError";
}

export interface LoadedConfiguration {
  commandLine: CommandLine;
  configuration: KubeProxyConfiguration;
  /** What the file held. */
  text?: string;
  warnings: string[];
}

/** Flags and, when they name one, the file. Throws FlagError and ConfigurationError. */
export async function loadConfiguration(args: readonly string[]): Promise<LoadedConfiguration> {
  const commandLine = parseCommandLine(args);
  const { configFile } = commandLine;
  const warnings = [...commandLine.warnings];
  let { configuration } = commandLine;
  let text: string | undefined;
  if (configFile !== "") {
    text = await readText(configFile, maximumSize).catch((error: Error) => {
      throw new ConfigurationError(`the configuration file cannot be read: ${error.message}`, { cause: error });
    });
    configuration = await decodeFile(configFile, text);
    // Logging is the one part where a flag wins.
    const { verbosity } = commandLine.configuration.logging;
    if (verbosity > 0) configuration.logging.verbosity = verbosity;
    warnings.push(...fileWarnings(configuration));
  }
  const unknown = Object.keys(configuration.featureGates).filter((gate) => gate !== externalIPsGate);
  if (unknown.length > 0) warnings.push(`no such feature gate here, without effect: ${unknown.join(", ")}`);
  const faults = validateConfiguration(configuration);
  if (faults.length > 0) throw new ConfigurationError(faults.join("\n"));
  return { commandLine, configuration, text, warnings };
}

async function decodeFile(file: string, text: string): Promise<KubeProxyConfiguration> {
  // The YAML reader costs memory that a proxy without a file need not pay.
  const { decodeConfiguration, formatFault } = await import("./decode.ts");
  const { configuration, faults } = decodeConfiguration(text);
  if (configuration === undefined)
    throw new ConfigurationError(faults.map((fault) => `${file}: ${formatFault(fault)}`).join("\n"));
  return configuration;
}

/** Fields that cannot do here what they say. */
function fileWarnings({ enableProfiling, winkernel, windowsRunAsService }: KubeProxyConfiguration): string[] {
  const warnings: string[] = [];
  if (enableProfiling) warnings.push("enableProfiling has no effect: use node's --inspect or --cpu-prof");
  if (windowsRunAsService || Object.values(winkernel).some(Boolean))
    warnings.push("winkernel and windowsRunAsService have no effect: this proxy runs on Linux");
  return warnings;
}

/** Writes a configuration as a file that `--config` reads. */
export async function writeConfiguration(configuration: KubeProxyConfiguration, file: string): Promise<void> {
  const { formatConfiguration } = await import("./decode.ts");
  await writeFile(file, formatConfiguration(configuration));
}

/**
 * Rejects when the file holds something else than `text`, or is gone: the proxy ends then and whoever runs it starts it again with the new
 * configuration, as with kube-proxy. Also sees the swap of a link by which a ConfigMap's volume changes. Never resolves.
 */
export function watchConfiguration(file: string, text: string): { changed: Promise<never>; close(): void } {
  const { promise: changed, reject } = Promise.withResolvers<never>();
  changed.catch(() => {});
  let watcher: FSWatcher | undefined;
  const look = async () => {
    const now = await readText(file, maximumSize).catch(() => undefined);
    if (now === text) return;
    const what = now === undefined ? "is gone" : "was changed";
    reject(new ConfigurationError(`the configuration file ${file} ${what}: ending, to be started again`));
  };
  watcher = watch(dirname(file), { persistent: false }, () => void look());
  watcher.on("error", (error) =>
    reject(new ConfigurationError(`the configuration file cannot be watched: ${error.message}`)),
  );
  // It may have changed between its reading and now.
  void look();
  return { changed, close: () => watcher?.close() };
}
