/** A table of a page, which scrolls by itself where it is wider than the page, also by keyboard. */
import { escaped } from './html.ts';

export interface HtmlTable {
  /** As text. */
  readonly caption: string;
  /** Of its columns, as text; the first is that of the rows' names. */
  readonly head: readonly string[];
  /** Cells of a row, its name first, as text. */
  readonly rows: readonly (readonly string[])[];
  /** Of cells that are words, not numbers. */
  readonly isWords?: boolean;
}

export function htmlTable({ caption, head, rows, isWords = false }: HtmlTable): string {
  const [corner, ...columns] = head;
  const first = corner === '' ? '<td></td>' : `<th scope="col">${escaped(corner)}</th>`;
  const names = columns.map((name) => `<th scope="col">${escaped(name)}</th>`).join('');
  const body = rows.map(([name, ...values]) => {
    const cells = values.map((value) => `<td>${escaped(value)}</td>`).join('');
    return `<tr><th scope="row">${escaped(name)}</th>${cells}</tr>`;
  });
  return `<div class="wide" role="region" aria-label="${escaped(caption)}" tabindex="0"><table${isWords ? ' class="words"' : ''}>
<caption>${escaped(caption)}</caption>
<thead><tr>${first}${names}</tr></thead>
<tbody>
${body.join('\n')}
</tbody>
</table></div>`;
}
