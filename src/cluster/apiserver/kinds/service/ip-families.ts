import { type IPFamily, ipFamilyOf } from "../../../../kubernetes/ip-family.ts";
import type { Service } from "../../../../kubernetes/types.ts";
import type { FieldError } from "../descriptor.ts";
import { invalid, same } from "../validation/errors.ts";
import { needsClusterIP } from "./type.ts";
import { validateClusterIPs } from "./validate.ts";

type Spec = NonNullable<Service["spec"]>;

/**
 * Fills in ipFamilyPolicy and ipFamilies of a Service before anything else looks at them, and refuses what does not fit together (KEP-563; the rules
 * and words are those of Kubernetes 1.33). `configured`: the families that the cluster has Service ranges of, the default one first.
 */
export function initializeIPFamilies(
  service: Service,
  old: Service | undefined,
  configured: readonly IPFamily[],
): FieldError[] {
  const spec = service.spec!;
  if (!needsClusterIP(service) || keepsPreference(service, old)) return [];
  spec.ipFamilyPolicy ||= defaultPolicy(spec, old?.spec);
  const malformed = validateClusterIPs(service);
  if (malformed.length > 0) return malformed;
  const errors = [
    ...(old?.spec === undefined ? [] : followPolicy(spec, old.spec)),
    ...contradictions(spec),
    ...inferFamilies(spec, configured),
  ];
  if (errors.length > 0) return errors;
  const unavailable = isManual(spec) ? [] : whatIsNotConfigured(spec, configured);
  if (unavailable.length === 0) completeFamilies(spec, configured);
  return unavailable;
}

/** A PreferDualStack Service takes no part in a change of the cluster's families unless its own are changed. */
function keepsPreference(service: Service, old: Service | undefined): boolean {
  const { spec } = service;
  return (
    old !== undefined &&
    needsClusterIP(old) &&
    old.spec?.type === spec?.type &&
    spec?.ipFamilyPolicy === "PreferDualStack" &&
    old.spec?.ipFamilyPolicy === "PreferDualStack" &&
    same(spec.clusterIPs, old.spec.clusterIPs) &&
    same(spec.ipFamilies, old.spec.ipFamilies)
  );
}

/** An update that says nothing keeps the policy: nothing changes between single and dual stack unasked. */
function defaultPolicy(spec: Spec, old: Spec | undefined): string {
  return old?.ipFamilyPolicy ?? (isManual(spec) ? "RequireDualStack" : "SingleStack");
}

/** Headless and without a selector: names for endpoints that somebody else writes. */
function isManual({ clusterIP, selector }: Spec): boolean {
  return clusterIP === "None" && Object.keys(selector ?? {}).length === 0;
}

/** SingleStack releases the second address and family; any other policy may not lose one. */
function followPolicy(spec: Spec, old: Spec): FieldError[] {
  const errors: FieldError[] = [];
  for (const [field, what] of [
    ["clusterIPs", "cluster IP"],
    ["ipFamilies", "IP family"],
  ] as const) {
    const before = old[field] ?? [];
    const now = spec[field] ?? [];
    if (spec.ipFamilyPolicy === "SingleStack") {
      if (now.length > 1 && same(now, before)) spec[field] = now.slice(0, 1);
    } else if (now.length > 0 && now.length < before.length) {
      errors.push(
        invalid("spec.ipFamilyPolicy", spec.ipFamilyPolicy, `must be 'SingleStack' to release the secondary ${what}`),
      );
    }
  }
  return errors;
}

function contradictions({ ipFamilyPolicy, clusterIPs = [], ipFamilies = [] }: Spec): FieldError[] {
  if (ipFamilyPolicy !== "SingleStack") return [];
  const problem = (what: string) =>
    invalid(
      "spec.ipFamilyPolicy",
      ipFamilyPolicy,
      `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
    );
  return [
    ...(clusterIPs.length === 2 ? [problem("cluster IPs")] : []),
    ...(ipFamilies.length === 2 ? [problem("IP families")] : []),
  ];
}

/** Addresses that were asked for tell the families that were not. */
function inferFamilies(spec: Spec, configured: readonly IPFamily[]): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, address] of (spec.clusterIPs ?? []).entries()) {
    if (address === "None" || index < (spec.ipFamilies ?? []).length) continue;
    const family = ipFamilyOf(address);
    if (configured.includes(family)) spec.ipFamilies = [...(spec.ipFamilies ?? []), family];
    else {
      errors.push(invalid(`spec.clusterIPs[${index}]`, spec.clusterIPs, `${family} is not configured on this cluster`));
    }
  }
  return errors;
}

function whatIsNotConfigured({ ipFamilyPolicy, ipFamilies = [] }: Spec, configured: readonly IPFamily[]): FieldError[] {
  const errors: FieldError[] = [];
  if (ipFamilyPolicy === "RequireDualStack" && configured.length < 2) {
    const problem = "this cluster is not configured for dual-stack services";
    errors.push(invalid("spec.ipFamilyPolicy", ipFamilyPolicy, problem));
  }
  for (const [index, family] of ipFamilies.entries()) {
    if (configured.includes(family as IPFamily)) continue;
    errors.push(invalid(`spec.ipFamilies[${index}]`, family, "not configured on this cluster"));
  }
  return errors;
}

/** Who writes its endpoints by hand may do so in both families, whatever the cluster has. */
function completeFamilies(spec: Spec, configured: readonly IPFamily[]): void {
  const [first = configured[0]!, second] = spec.ipFamilies ?? [];
  if (second !== undefined) return;
  const dual = spec.ipFamilyPolicy !== "SingleStack" && (isManual(spec) || configured.length === 2);
  spec.ipFamilies = dual ? [first, first === "IPv4" ? "IPv6" : "IPv4"] : [first];
}
