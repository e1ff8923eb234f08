import { removeSocketAddress } from "./node-address.ts";

/** Removes what the mode leaves besides rules, which are those of the iptables mode. Nothing there is no error. */
export async function cleanupUserspace(): Promise<void> {
  await removeSocketAddress(4);
  await removeSocketAddress(6);
}
