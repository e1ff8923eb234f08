import { ipFamilyOf } from "../../../kubernetes/ip-family.ts";
import type { EndpointSlice, Node, Service } from "../../../kubernetes/types.ts";

/**
 * Addresses of nodes at which a Service's node ports are to answer: those of its families, and under externalTrafficPolicy: Local only of nodes
 * that have a ready endpoint of it, the others drop what comes. `slices`: the Service's own.
 */
export function reachedAddresses(
  { spec }: Service,
  nodes: readonly Node[],
  slices: readonly EndpointSlice[],
): string[] {
  const isLocal = spec?.externalTrafficPolicy === "Local";
  return nodes.flatMap(({ metadata, status }) => {
    const hasEndpoint = (family: string) =>
      slices
        .filter(({ addressType }) => addressType === family)
        .some(({ endpoints }) =>
          endpoints.some(({ nodeName, conditions }) => nodeName === metadata?.name && conditions?.ready !== false),
        );
    return (status?.addresses ?? [])
      .filter(({ type }) => type === "InternalIP")
      .map(({ address }) => address)
      .filter((address) => spec?.ipFamilies?.includes(ipFamilyOf(address)) ?? true)
      .filter((address) => !isLocal || hasEndpoint(ipFamilyOf(address)));
  });
}
