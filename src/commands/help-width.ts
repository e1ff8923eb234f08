/** Columns of a help text: the terminal's, 100 at most. */
export function helpWidth(): number {
  return Math.min(process.stdout.columns ?? 80, 100);
}
