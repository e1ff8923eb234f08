import type { Service } from "../kubernetes/types.ts";

/** The API's address is one that only rules of the proxy lead to: after a reboot it could never read them. */
export class ServiceAddressError extends Error {
  constructor(host: string) {
    super(
      `the API server's address ${host} is the "kubernetes" Service's, which leads nowhere before the proxy has written its rules; give the API server's own address in the kubeconfig's "server"`,
    );
    this.name = "ServiceAddressError";
  }
}

/** Whether a host of an API URL is the `kubernetes` Service, by name, by this Pod's environment, or by the object itself. */
export function isServiceAddress(host: string | undefined, service?: Service, env = process.env): boolean {
  if (host === undefined) return false;
  const name = host.replace(/^\[|\]$/g, "");
  if (/^kubernetes(\.default(\.svc(\..*)?)?)?$/.test(name)) return true;
  const { clusterIP = "", clusterIPs = [] } = service?.spec ?? {};
  return [clusterIP, ...clusterIPs, env.KUBERNETES_SERVICE_HOST ?? ""].includes(name);
}
