/**
 * The Kubernetes release whose API and behaviour this project follows: what /version, every Node and the proxy say of themselves. Clients
 * compare it with their own and only warn when they are far apart; it has to be a semantic version for them.
 */
export const kubernetesVersion = { major: "1", minor: "36", gitVersion: "v1.36.0+fairway" } as const;
