/** Finds the name a user most likely meant. */

/**
 * Edit distance in which a swap of two neighbouring letters counts as one mistake (optimal string alignment,
 * Damerau 1964).
 */
export function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let best = Math.min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) best = Math.min(best, before[column - 2] + 1);
      current.push(best);
    }
    before = previous;
    previous = current;
  }
  return previous[to.length];
}

/**
 * The known name nearest to `written`, or null when none is near: at most one mistake per three letters, or a name that
 * continues what was written.
 */
export function nearest(written: string, known: readonly string[]): string | null {
  const lower = written.toLowerCase().replaceAll('_', '-');
  // Longer input is no misspelling, and the distance costs time in its length.
  if (lower.length > 64) return null;
  let best: string | null = null;
  let bestDistance = Infinity;
  for (const name of known) {
    const distance = editDistance(lower, name.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  if (bestDistance <= Math.max(1, Math.floor(lower.length / 3))) return best;
  if (lower.length < 3) return null;
  return known.find((name) => name.toLowerCase().startsWith(lower)) ?? null;
}

/** ` (did you mean X?)`, or nothing. */
export function didYouMean(written: string, known: readonly string[], show = (name: string) => name): string {
  const name = nearest(written, known);
  return name === null ? '' : ` (did you mean ${show(name)}?)`;
}
