import { kubernetesVersion } from "../kubernetes/version.ts";
import { createLogger, type Logger } from "../role/log.ts";
import { succession, tellParent } from "../role/parent.ts";
import { describeFlags } from "../serviceproxy/config/command-line.ts";
import { FlagError } from "../serviceproxy/config/flags/flag.ts";
import {
  ConfigurationError,
  type LoadedConfiguration,
  loadConfiguration,
  watchConfiguration,
  writeConfiguration,
} from "../serviceproxy/config/load.ts";
import { settingsOf } from "../serviceproxy/config/settings.ts";
import { cleanupAll } from "../serviceproxy/modes/cleanup.ts";
import { prepareHost, runProxy } from "../serviceproxy/run.ts";
import { helpWidth } from "./help-width.ts";

const usage = `Usage: fairway proxy --kubeconfig FILE [FLAGS]
       fairway proxy --config FILE [FLAGS]

Serves the Services of a cluster on this node, as kube-proxy does, until it gets
SIGTERM or SIGINT; the rules stay. Flags and the file are kube-proxy's
(kubeproxy.config.k8s.io/v1alpha1).

`;

export const endsAtOnce = true;

/** See usage. Resolves to 0 after an orderly stop, 2 for bad flags or a bad file, 1 when the proxy cannot do its work. */
export async function main(args: string[]): Promise<number> {
  let loaded: LoadedConfiguration;
  try {
    loaded = await loadConfiguration(args);
  } catch (error) {
    if (!(error instanceof FlagError) && !(error instanceof ConfigurationError)) throw error;
    for (const line of error.message.split("\n")) process.stderr.write(`fairway proxy: ${line}\n`);
    if (error instanceof FlagError) process.stderr.write("fairway proxy: --help tells more\n");
    tellParent({ is: "failing", reason: error.message });
    return 2;
  }
  const { commandLine, configuration } = loaded;
  if (commandLine.help || commandLine.version) {
    process.stdout.write(
      commandLine.help ? usage + describeFlags(helpWidth()) : `Kubernetes ${kubernetesVersion.gitVersion}\n`,
    );
    return 0;
  }
  const { nodeName } = settingsOf(configuration, commandLine);
  const log = createLogger("proxy", logLevel(configuration.logging.verbosity)).child({ node: nodeName });
  for (const warning of loaded.warnings) log.warn(warning);
  try {
    await act(loaded, log);
    return 0;
  } catch (error) {
    process.stderr.write(`fairway proxy: ${(error as Error).message}\n`);
    tellParent({ is: "failing", reason: (error as Error).message });
    return 1;
  }
}

async function act({ commandLine, configuration, text }: LoadedConfiguration, log: Logger): Promise<void> {
  if (commandLine.writeConfigTo !== "") {
    await writeConfiguration(configuration, commandLine.writeConfigTo);
    return;
  }
  if (commandLine.cleanup) {
    await cleanupAll(log);
    return;
  }
  const settings = settingsOf(configuration, commandLine);
  if (commandLine.initOnly) return prepareHost(settings, log);
  const file = text === undefined ? undefined : watchConfiguration(commandLine.configFile, text);
  try {
    await runProxy(settings, log, Promise.race([terminated(), ...(file === undefined ? [] : [file.changed])]), {
      predecessorGone: succession(),
      onServing: () => tellParent({ is: "serving" }),
    });
  } finally {
    file?.close();
  }
}

/** klog's levels as this program's; FAIRWAY_LOG_LEVEL wins. */
function logLevel(verbosity: number): string | undefined {
  if (process.env.FAIRWAY_LOG_LEVEL !== undefined || verbosity < 4) return undefined;
  return verbosity < 6 ? "debug" : "trace";
}

function terminated(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
}
