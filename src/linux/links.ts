/**
 * Links, bridges, addresses and routes, by batches of `ip`: one process for many changes. A network namespace is named by a path
 * ("/proc/12/ns/net", or a file that it is mounted on); absent, it is the caller's own.
 */
import { writeFile } from "node:fs/promises";
import { run } from "./command.ts";
import { kernelHasIPv6 } from "./ipv6.ts";

/** One end of a veth pair. */
export interface LinkEnd {
  name: string;
  namespace?: string;
  /** Hardware address; the kernel's choice when absent. */
  hardware?: string;
}

function place({ name, namespace, hardware }: LinkEnd): string {
  const address = hardware === undefined ? "" : ` address ${hardware}`;
  return `name ${name}${address}${namespace === undefined ? "" : ` netns ${namespace}`}`;
}

/** The command for a veth pair. Both ends appear where they belong at once, never in the caller's own namespace. */
export function vethPair(one: LinkEnd, other: LinkEnd): string {
  return `link add ${place(one)} type veth peer ${place(other)}`;
}

/** Runs `ip` commands in order; the first that fails ends it, and the error tells its line. */
export async function ipBatch(commands: readonly string[], namespace?: string): Promise<void> {
  await ip(["-batch", "-"], namespace, `${commands.join("\n")}\n`);
}

function ip(args: readonly string[], namespace?: string, input?: string): Promise<string> {
  if (namespace === undefined) return run("ip", args, { input });
  return run("nsenter", [`--net=${namespace}`, "--", "ip", ...args], { input });
}

/** A network namespace without a process: it lasts as long as it is mounted on the file (made here) in some mount namespace. */
export async function createNetworkNamespace(path: string): Promise<void> {
  await writeFile(path, "", { mode: 0o600 });
  await run("unshare", [`--net=${path}`, "--", "true"]);
}

/** Removes a link; one that is gone already (its peer's namespace was faster) is no error. */
export async function removeLink(name: string, namespace?: string): Promise<void> {
  await ip(["link", "delete", "dev", name], namespace).catch(async (error) => {
    if ((await linkNames(namespace)).includes(name)) throw error;
  });
}

export async function linkNames(namespace?: string): Promise<string[]> {
  const links = JSON.parse(await ip(["-json", "link", "show"], namespace)) as { ifname: string }[];
  return links.map(({ ifname }) => ifname);
}

/** Destinations that the caller's network namespace has a route to ("10.0.0.0/8", "fd00::5"), but for the default routes. */
export async function routedPrefixes(): Promise<{ prefix: string; device: string }[]> {
  const families = (await kernelHasIPv6()) ? ["-4", "-6"] : ["-4"];
  const tables = await Promise.all(families.map((family) => ip([family, "-json", "route", "show", "table", "all"])));
  const routes = tables.flatMap((text) => JSON.parse(text === "" ? "[]" : text) as { dst: string; dev?: string }[]);
  return routes.filter(({ dst }) => dst !== "default").map(({ dst, dev = "" }) => ({ prefix: dst, device: dev }));
}
