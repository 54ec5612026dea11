/** The table of `gradcast doctor`. */
import type { Diagnosis } from '@gradcast/backends-node';
import { printable } from '@gradcast/protocol';

/** Drivers and libraries have their own words, of any length. */
const DEVICE_LIMIT = 60;
const REASON_LIMIT = 1000;

/** One row a candidate, columns as wide as their content; what is to be said besides stands on lines of its own below. */
export function renderTable(rows: readonly Diagnosis[]): string {
  const header = ['backend', 'device', 'runs', 'why'];
  const cells = rows.map(({ candidate, device, available, automatic, reason }) => {
    const runs = available ? (automatic ? 'yes' : 'by name') : 'no';
    return [candidate, printable(device, DEVICE_LIMIT), runs, printable(reason, REASON_LIMIT)];
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
    const { remedy, leases, pinned } = rows[index];
    if (leases) lines.push(`${indent}${leasesLine(leases)}`);
    if (pinned !== undefined) lines.push(`${indent}parameters go up from pinned memory: ${pinned ? 'yes' : 'no'}`);
    if (remedy !== '') lines.push(`${indent}-> ${printable(remedy, REASON_LIMIT)}`);
  }
  return `${lines.join('\n')}\n`;
}

function leasesLine(leases: NonNullable<Diagnosis['leases']>): string {
  if (leases.onDevice) return 'leases added on the device: yes, with --codec f32';
  return `leases added on the device: no, because ${printable(leases.reason, REASON_LIMIT)} (${leases.code})`;
}
