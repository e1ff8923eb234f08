/** Go's durations, as Kubernetes' flags and files write them, as milliseconds. */

const units: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 0.000001,
};
/** Go holds durations in 63 bits of nanoseconds. */
const longest = 9_223_372_036_854;

/** "1h2m3.5s", "-5s", "0"; undefined when it is no duration. */
export function parseDuration(text: string): number | undefined {
  const [, sign = "", body = ""] = /^([+-]?)(.{1,100})$/s.exec(text) ?? [];
  if (body === "0") return 0;
  const parts = [...body.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|h|m|s)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== body) return undefined;
  const sum = parts.reduce((total, [, number, unit]) => total + Number(number) * units[unit!]!, 0);
  if (sum > longest) return undefined;
  return sign === "-" ? -sum : sum;
}

/** As Go prints it: "15m0s", "1.5s", "250ms", "0s". */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 0) return `-${formatDuration(-milliseconds)}`;
  if (milliseconds === 0) return "0s";
  if (milliseconds < 1) return milliseconds < 0.001 ? `${trim(milliseconds * 1e6)}ns` : `${trim(milliseconds * 1e3)}µs`;
  if (milliseconds < 1000) return `${trim(milliseconds)}ms`;
  const hours = Math.floor(milliseconds / units.h!);
  const minutes = Math.floor((milliseconds % units.h!) / units.m!);
  const seconds = `${trim((milliseconds % units.m!) / 1000)}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

/** A number without the noise of binary fractions: durations have nine digits behind a second's point. */
function trim(value: number): string {
  return String(Number(value.toFixed(9)));
}
