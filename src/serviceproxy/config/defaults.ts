import { parseAddress } from "../../ip/address.ts";
import { isLeaf, type KubeProxyConfiguration, type Section, schema } from "./schema.ts";

/** Every field at its default, but for those that setDefaults() fills in. */
export function absentConfiguration(): KubeProxyConfiguration {
  return structuredClone(fallbacks(schema)) as KubeProxyConfiguration;
}

/** What Kubernetes runs with when nothing is said. */
export function defaultConfiguration(): KubeProxyConfiguration {
  return withDerivedDefaults(absentConfiguration());
}

function fallbacks(section: Section): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(section).map(([name, entry]) => [name, isLeaf(entry) ? entry.fallback : fallbacks(entry)]),
  );
}

const healthzPort = 10_256;
const metricsPort = 10_249;

/** The defaults that depend on another field. An address without a port gets the usual one. */
export function withDerivedDefaults(configuration: KubeProxyConfiguration): KubeProxyConfiguration {
  const six = parseAddress(configuration.bindAddress)?.family === 6;
  const { healthzBindAddress: healthz, metricsBindAddress: metrics } = configuration;
  return {
    ...configuration,
    healthzBindAddress: withPort(healthz || (six ? "::" : "0.0.0.0"), healthzPort),
    metricsBindAddress: withPort(metrics || (six ? "::1" : "127.0.0.1"), metricsPort),
  };
}

export function withPort(address: string, port: number): string {
  const parsed = parseAddress(address);
  if (parsed === undefined) return address;
  return parsed.family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}
