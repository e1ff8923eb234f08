import { access } from "node:fs/promises";
import { readSysctl } from "./sysctl.ts";

/** Whether this kernel speaks IPv6 at all: it does not when it was booted with ipv6.disable=1, or was built without. */
export function kernelHasIPv6(): Promise<boolean> {
  return access("/proc/net/if_inet6").then(
    () => true,
    () => false,
  );
}

/** Why new links in the caller's network namespace would have no IPv6; undefined when they have it. */
export async function whyNoIPv6(): Promise<string | undefined> {
  if (!(await kernelHasIPv6())) return "the kernel has no IPv6";
  // all.disable_ipv6 sets this one too; it alone decides on links that are yet to be made.
  const setting = "net/ipv6/conf/default/disable_ipv6";
  return (await readSysctl(setting)) === "0" ? undefined : `the sysctl ${setting.replaceAll("/", ".")} turns IPv6 off`;
}
