/**
 * When a part that died is started again. The first time at once; one that keeps dying is given more and more time, but never so much that a
 * part that works again would be away for longer than a second.
 */
const delays = [0, 50, 100, 200, 400, 800] as const;
/** A part that lived this long (milliseconds) was healthy: what was before is forgotten. */
const healthyAfter = 10_000;

/** How often it died in a row, this death included. */
export function deathsInARow(before: number, uptime: number): number {
  return uptime >= healthyAfter ? 1 : before + 1;
}

/** Milliseconds until it is started again. */
export function restartDelay(deaths: number): number {
  return delays[Math.min(deaths, delays.length) - 1] ?? 0;
}
