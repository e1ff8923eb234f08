import { parseQuantity } from "../../../kubernetes/quantity.ts";

/** Amounts of resources by name, in the units of amountOf. */
export type Amounts = Record<string, number>;

/**
 * A resource quantity in whole units that can be added up without rounding: thousandths of a core for cpu, units (bytes) for all else, rounded
 * up. What is no quantity counts as 0; the API server has refused it.
 */
export function amountOf(resource: string, quantity: string | number | undefined): number {
  const value = parseQuantity(String(quantity ?? "0"));
  if (value === undefined) return 0;
  // 0.1 * 3 cores must not become 301 thousandths.
  return Math.ceil(value * (resource === "cpu" ? 1000 : 1) - 1e-6);
}

export function amountsOf(quantities: Record<string, string> | undefined): Amounts {
  const amounts: Amounts = {};
  for (const [resource, quantity] of Object.entries(quantities ?? {})) amounts[resource] = amountOf(resource, quantity);
  return amounts;
}
