import { readFile } from "node:fs/promises";
import { parseIPv4, parsePrefix } from "../ip/ipv4.ts";
import { parsePrefix as parseAnyPrefix } from "../ip/prefix.ts";
import type { ClusterConfig } from "./config.ts";

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string" && value !== "";
const address: Check = (value) => typeof value === "string" && parseIPv4(value) !== undefined;
const prefix: Check = (value) => typeof value === "string" && parsePrefix(value) !== undefined;
const prefixIPv6: Check = (value) => typeof value === "string" && parseAnyPrefix(value)?.family === 6;
const port: Check = (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535;
const milliseconds: Check = (value) => Number.isInteger(value) && (value as number) > 0;
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

/** What each field must be, and the words for it. */
const fields: Record<keyof ClusterConfig, [check: Check, wanted: string]> = {
  name: [
    (value) => text(value) && /^[a-z0-9]([-a-z0-9]{0,9}[a-z0-9])?$/.test(value as string),
    "a label of at most 11",
  ],
  nodeCIDR: [prefix, "an IPv4 prefix"],
  podCIDR: [prefix, "an IPv4 prefix"],
  serviceCIDR: [prefix, "an IPv4 prefix"],
  ipv6: [
    optional((value) => {
      if (typeof value !== "object" || value === null) return false;
      const ranges = value as Record<string, unknown>;
      return ["nodeCIDR", "podCIDR", "serviceCIDR"].every((key) => prefixIPv6(ranges[key]));
    }),
    "nodeCIDR, podCIDR and serviceCIDR as IPv6 prefixes",
  ],
  nodePortRange: [(value) => Array.isArray(value) && value.length === 2 && value.every(port), "[first, last]"],
  hostAddress: [address, "an IPv4 address"],
  apiAddress: [address, "an IPv4 address"],
  apiPort: [port, "a port"],
  firstNodes: [optional((value) => Array.isArray(value) && value.every(text)), "a list of names"],
  zones: [optional((value) => Array.isArray(value) && value.every(text)), "a list of names"],
  clusterDomain: [text, "a domain name"],
  dnsAddress: [address, "an IPv4 address"],
  timings: [
    (value) =>
      typeof value === "object" &&
      value !== null &&
      ["leaseRenewInterval", "nodeMonitorGrace", "podEviction"].every((key) =>
        milliseconds((value as Record<string, unknown>)[key]),
      ),
    "leaseRenewInterval, nodeMonitorGrace and podEviction in milliseconds",
  ],
  dataDir: [optional(text), "a path"],
  imagesFile: [optional(text), "a path"],
};

/** The cluster's configuration out of a file's text. Throws with every field that is not what it must be. */
export function parseClusterConfig(source: string, file: string): ClusterConfig {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    throw new Error(`${file} is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error(`${file} must hold one JSON object, the configuration of a cluster`);
  const given = value as Record<string, unknown>;
  const wrong = Object.entries(fields)
    .filter(([key, [check]]) => !check(given[key]))
    .map(([key, [, wanted]]) => `${key} must be ${wanted}, is ${JSON.stringify(given[key]) ?? "missing"}`);
  if (wrong.length > 0) throw new Error(`${file}: ${wrong.join("; ")}`);
  return given as unknown as ClusterConfig;
}

/** Reads what the supervisor wrote (worldPaths().config). Rejects when the file cannot be read or is not a cluster's configuration. */
export async function readClusterConfig(file: string): Promise<ClusterConfig> {
  return parseClusterConfig(await readFile(file, "utf8"), file);
}
