const factors: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * A resource quantity in whole units that can be added up without rounding: thousandths of a core for cpu, units (bytes) for all else, rounded
 * up. What is no quantity counts as 0; the API server has refused it.
 */
export function amountOf(resource: string, quantity: string | number | undefined): number {
  const match = /^([+-]?[0-9.]+)([eE][+-]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?$/.exec(String(quantity ?? "0"));
  if (match === null) return 0;
  const suffix = match[2] ?? "";
  const factor = factors[suffix] ?? Number(`1${suffix}`);
  const value = Number(match[1]) * factor * (resource === "cpu" ? 1000 : 1);
  // 0.1 * 3 cores must not become 301 thousandths.
  return Number.isFinite(value) ? Math.ceil(value - 1e-6) : 0;
}

export type Amounts = Record<string, number>;

export function amountsOf(quantities: Record<string, string> | undefined): Amounts {
  const amounts: Amounts = {};
  for (const [resource, quantity] of Object.entries(quantities ?? {})) amounts[resource] = amountOf(resource, quantity);
  return amounts;
}
