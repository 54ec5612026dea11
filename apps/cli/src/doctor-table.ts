/** The table of `gradcast doctor`. */
import type { Diagnosis } from '@gradcast/compute';

/** One row a candidate, columns as wide as their content; a remedy stands on its own line below its row. */
export function renderTable(rows: readonly Diagnosis[]): string {
  const header = ['backend', 'device', 'runs', 'why'];
  const cells = rows.map(({ candidate, device, available, automatic, reason }) => {
    return [candidate, device, available ? (automatic ? 'yes' : 'by name') : 'no', reason];
  });
  const widths = header.map((title, column) =>
    Math.max(...[header, ...cells].map((row) => row[column]?.length ?? title.length)),
  );
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column === 3 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ');
  const indent = ' '.repeat(widths.slice(0, 3).reduce((sum, width) => sum + width + 2, 0));
  const lines = [line(header)];
  for (const [index, row] of cells.entries()) {
    lines.push(line(row));
    const remedy = rows[index]?.remedy ?? '';
    if (remedy !== '') lines.push(`${indent}-> ${remedy}`);
  }
  return `${lines.join('\n')}\n`;
}
