import { release } from "node:os";
import { run } from "../../../linux/command.ts";
import { isVersionAtLeast } from "../../../linux/iptables.ts";

/** As kube-proxy 1.36: older ones have faults in what the rules need, or lack it. */
const leastKernel = "5.13";
const leastNft = "1.0.1";
/** As kube-proxy's: for kernels that were given what they lack. */
const skipVariable = "KUBE_PROXY_NFTABLES_SKIP_KERNEL_VERSION_CHECK";

/** What an nf_tables kernel has to be built with, for whoever has to build or load it. */
export const neededOptions =
  "NF_TABLES_IPV4, NF_TABLES_IPV6, NFT_CT, NFT_NAT, NFT_MASQ, NFT_REJECT, NFT_NUMGEN, NFT_FIB_IPV4 and NFT_FIB_IPV6";

/** Resolves to the words of `nft --version`; rejects with what is missing and what to do about it. */
export async function checkSupport(): Promise<string> {
  const version = await run("nft", ["--version"]).catch((error: Error) => {
    throw new Error(`nft cannot be run; install the package "nftables": ${error.message}`, { cause: error });
  });
  const missing = missingSupport(release(), version, process.env);
  if (missing !== undefined) throw new Error(missing);
  return version.trim();
}

/** `kernel`: "6.1.0-26-amd64"; `nft`: "nftables v1.0.6 (Lester Gooch #5)". Undefined: nothing is missing. */
export function missingSupport(kernel: string, nft: string, env: NodeJS.ProcessEnv): string | undefined {
  const [, nftVersion] = /\bv(\d+(?:\.\d+)*)/.exec(nft) ?? [];
  if (nftVersion === undefined || !isVersionAtLeast(nftVersion, leastNft))
    return `nft is ${nft.trim()}; the nftables mode needs version ${leastNft} or newer`;
  const [numbers = "0"] = /^\d+(\.\d+)*/.exec(kernel) ?? [];
  if (isVersionAtLeast(numbers, leastKernel) || env[skipVariable]) return undefined;
  return `the kernel is ${kernel}; the nftables mode needs ${leastKernel} or newer: use --proxy-mode iptables, or set ${skipVariable} when this one has what it takes (${neededOptions})`;
}
