/** Numbers, times and beginnings of the sentences of a report. */

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** `60,032`. */
export function whole(value: number): string {
  return Number.isFinite(value) ? WHOLE.format(value) : '?';
}

/** `2 workers`, `1 worker`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

/** `3 h 5 min`, `3 min 5 s`, `12.3 s`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const rounded = Math.round(seconds);
  if (rounded < 3600) return `${Math.floor(rounded / 60)} min ${rounded % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 2880) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

/** `0:03:05`, so that moments stand below each other; with tenths where a run is short. */
export function clock(seconds: number, isFine = false): string {
  const at = Math.max(0, isFine ? Math.floor(seconds * 10) / 10 : Math.floor(seconds));
  const [hours, minutes] = [Math.floor(at / 3600), Math.floor((at % 3600) / 60)];
  const rest = isFine ? (at % 60).toFixed(1).padStart(4, '0') : String(at % 60).padStart(2, '0');
  return `${hours}:${String(minutes).padStart(2, '0')}:${rest}`;
}

/** `65 %`. */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return '?';
  return `${(100 * share).toFixed(share < 0.1 && share > 0 ? 1 : 0)} %`;
}

/** With a capital letter at its beginning, as a sentence has it. */
export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
