import { networkInterfaces } from "node:os";
import type { Family } from "../../../ip/address.ts";
import { run } from "../../../linux/command.ts";
import { socketAddresses } from "./redirect.ts";

/** Gives the node the address that the proxy listens on. It is never the source of anything: the kernel must not choose it (ip-address(8)). */
export async function addSocketAddress(family: Family): Promise<void> {
  const unchosen = family === 4 ? ["scope", "host"] : ["nodad", "preferred_lft", "0"];
  await run("ip", [`-${family}`, "address", "replace", prefixOf(family), "dev", "lo", ...unchosen]);
}

export function hasSocketAddress(family: Family): boolean {
  return (networkInterfaces().lo ?? []).some(({ address }) => address === socketAddresses[family]);
}

/** Takes it away again; one that is not there is no error. */
export async function removeSocketAddress(family: Family): Promise<void> {
  if (hasSocketAddress(family)) await run("ip", [`-${family}`, "address", "delete", prefixOf(family), "dev", "lo"]);
}

function prefixOf(family: Family): string {
  return `${socketAddresses[family]}/${family === 4 ? 32 : 128}`;
}
