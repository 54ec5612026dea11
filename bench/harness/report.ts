/** How a benchmark tells: progress and tables on stderr, for people, and one JSON value on stdout, for programs. */

export type Cell = string | number;

/** Prints a line to stderr. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Prints a Markdown table to stderr; the first row is its head. */
export function printTable(rows: readonly (readonly Cell[])[]): void {
  tell(tableOf(rows));
}

/** A Markdown table; the first row is its head. */
export function tableOf(rows: readonly (readonly Cell[])[]): string {
  const [head, ...body] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  const line = (row: readonly Cell[]) =>
    `| ${row.map((cell, column) => String(cell).padEnd(widths[column])).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...body.map(line)].join('\n');
}

/** Prints the report to stdout. @returns when it has left this process. */
export function printReport(report: unknown): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${JSON.stringify(report, null, 2)}\n`, () => resolve()));
}
