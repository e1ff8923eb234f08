/** Columns of text, as kubectl prints them, never wider than the terminal. What is too long loses its middle: Pods of one owner differ at the end. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], width = 80): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const gap = 2;
  const total = () => widths.reduce((sum, size) => sum + size + gap, -gap);
  // The widest column gives way until the rest fits.
  while (total() > width && Math.max(...widths) > 8) widths[widths.indexOf(Math.max(...widths))]! -= 1;
  const cut = (text: string, size: number) => {
    if (text.length <= size) return text;
    const end = Math.floor((size - 1) / 3);
    return `${text.slice(0, size - 1 - end)}…${text.slice(text.length - end)}`;
  };
  return all.map((row) =>
    widths
      .map((size, column) => cut(row[column] ?? "", size).padEnd(size))
      .join(" ".repeat(gap))
      .trimEnd(),
  );
}

/** The first rows, and a line that says how many were left out. */
export function firstRows(lines: readonly string[], most: number, more: string): string[] {
  if (lines.length <= most + 1) return [...lines];
  return [...lines.slice(0, most), `… and ${lines.length - most} more (${more})`];
}
