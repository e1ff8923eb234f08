/** What benchmarks count, and how they print it. */
import { readFileSync } from "node:fs";

/** Of many measurements, in milliseconds. */
export interface Quantiles {
  count: number;
  p50: number;
  p99: number;
}

/** `times` must not be empty. */
export function quantilesOf(times: readonly number[]): Quantiles {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99) };
}

/** Megabytes of a process, as the kernel shares it out: of a page that processes share, each has its part. */
export function memoryOf(pid: number | "self"): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return (Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1]) * 1024) / 1e6;
}

/** Milliseconds of processor time that a process has used, with the children that it has waited for. */
export function cpuOf(pid: number | "self"): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  // utime, stime, cutime, cstime (proc(5)), in hundredths of a second.
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field) * 10, 0);
}

/** Three digits, as far as that makes sense: "0.123", "12.3", "4567". */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const behind = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 0.1))));
  return value.toFixed(behind);
}

/** A table in columns of their widest cell: the first to the left, the others to the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd();
  return `${[head, ...rows].map(line).join("\n")}\n`;
}
