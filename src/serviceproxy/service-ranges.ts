import type { KubernetesClient } from "../kubernetes/client.ts";
import { StatusError } from "../kubernetes/errors.ts";
import { startReflector } from "../kubernetes/list-watch.ts";
import { serviceCIDRs } from "../kubernetes/resource.ts";
import type { KubernetesObject } from "../kubernetes/types.ts";
import { WatchTrouble } from "../kubernetes/watch-trouble.ts";
import type { Logger } from "../role/log.ts";
import { entries } from "./compile/service.ts";

/** networking.k8s.io/v1, Kubernetes 1.33. */
interface ServiceCIDR extends KubernetesObject {
  spec?: { cidrs?: string[] };
}

export interface ServiceRangesOptions {
  client: KubernetesClient;
  onChange: () => void;
  log: Logger;
}

export interface ServiceRanges {
  /** As the API has them, of both families; empty while they are not known. */
  cidrs(): string[];
  stop(): void;
}

/**
 * Follows the ranges that cluster addresses come from. An API that does not have them, or does not show them to the proxy, is left alone:
 * then nothing is known.
 */
export function followServiceRanges({ client, onChange, log }: ServiceRangesOptions): ServiceRanges {
  const trouble = new WatchTrouble(log, "cannot follow the ranges of Services; what is known of them stays");
  const onError = trouble.of(serviceCIDRs.plural);
  const cache = startReflector<ServiceCIDR>(client, serviceCIDRs, {
    onError: (error) => {
      if (error instanceof StatusError && (error.code === 404 || error.code === 403)) cache.stop();
      else onError(error);
    },
  });
  cache.subscribe(onChange);
  return {
    cidrs: () =>
      [...cache.list()].flatMap(({ spec }) => entries(spec?.cidrs).filter((cidr) => typeof cidr === "string")),
    stop: () => cache.stop(),
  };
}
