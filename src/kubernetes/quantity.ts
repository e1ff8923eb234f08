/** A resource.Quantity: a decimal number with an SI suffix (n u m k M G T P E), a binary one (Ki … Ei) or an exponent. */
const pattern = /^[+-]?(\d+(?:\.\d*)?|\.\d+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d{1,3})?$/;

const factors: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
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

export function isQuantity(text: string): boolean {
  return text.length <= 64 && pattern.test(text);
}

/** The number a quantity stands for, with the precision of a double: enough to compare and to add up. undefined when it is none. */
export function parseQuantity(text: string): number | undefined {
  if (!isQuantity(text)) return undefined;
  const suffix = /[a-zA-Z]+$/.exec(text)?.[0] ?? "";
  const factor = factors[suffix];
  return factor === undefined ? Number(text) : Number(text.slice(0, -suffix.length)) * factor;
}
