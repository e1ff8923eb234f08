/** The ways in which the proxy can serve Services; each is a folder of modes/. */
export const proxyModes = ["iptables", "ipvs", "nftables", "userspace"] as const;
export type ProxyMode = (typeof proxyModes)[number];

export function isProxyMode(text: string): text is ProxyMode {
  return (proxyModes as readonly string[]).includes(text);
}
