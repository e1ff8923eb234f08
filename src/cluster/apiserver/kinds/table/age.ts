const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** How long ago an RFC 3339 time was, as kubectl prints it ("5s", "3m20s", "26h", "<unknown>"). `now` in milliseconds since the epoch. */
export function age(time: string | undefined, now: number): string {
  const then = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(then) ? "<unknown>" : humanDuration(now - then);
}

/** A duration in milliseconds with the two units that matter (k8s.io/apimachinery's HumanDuration). */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / second);
  // The clocks of two machines may differ a little.
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(milliseconds / minute);
  if (minutes < 10) return two(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(milliseconds / hour);
  if (hours < 8) return two(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  if (hours < 24 * 8) return two(Math.trunc(hours / 24), "d", hours % 24, "h");
  const days = Math.trunc(hours / 24);
  if (days < 365 * 2) return `${days}d`;
  if (days < 365 * 8) return two(Math.trunc(days / 365), "y", days % 365, "d");
  return `${Math.trunc(days / 365)}y`;
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
