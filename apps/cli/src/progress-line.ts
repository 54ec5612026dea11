/** Draws progress as text. Pure: the same progress, time and width give the same line. */
import type { Progress } from '@gradcast/config';

const BAR_CELLS = 20;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/**
 * One line for a terminal, in the form tqdm made familiar:
 * `epoch 3/50  42%|████    | 197/469 [00:31<00:43, loss_g 0.91, loss_d 0.62, 806 img/s, 2 workers]`.
 *
 * @param width columns of the terminal; a narrow one first loses the bar, then the end of the line.
 */
export function barLine(progress: Progress, elapsedSeconds: number, width: number): string {
  const { step, steps } = progress;
  const share = steps > 0 ? Math.min(1, step / steps) : 1;
  const head = `epoch ${progress.epoch}/${progress.epochs} ${String(Math.floor(share * 100)).padStart(3)}%`;
  const times = `${duration(elapsedSeconds)}<${duration(progress.etaSeconds)}`;
  const tail = ` ${step}/${steps} [${times}, ${measures(progress).join(', ')}]`;
  const cells = Math.min(BAR_CELLS, width - head.length - tail.length - 2);
  const line = cells >= 4 ? `${head}|${bar(share, cells)}|${tail}` : `${head}${tail}`;
  return line.length > width ? `${line.slice(0, Math.max(0, width - 1))}…` : line;
}

/** One line for a log file: `step 200/1875 epoch 1/4 loss_g 0.91 loss_d 0.62 806 img/s 2 workers eta 00:43`. */
export function plainLine(progress: Progress): string {
  const { step, steps, epoch, epochs } = progress;
  const parts = [`step ${step}/${steps}`, `epoch ${epoch}/${epochs}`, ...measures(progress)];
  return `${parts.join(' ')} eta ${duration(progress.etaSeconds)}`;
}

function measures(progress: Progress): string[] {
  const { scalars, images_per_second, workers, volunteers } = progress;
  const rate = images_per_second >= 10 ? images_per_second.toFixed(0) : images_per_second.toFixed(1);
  const fleet = [counted(workers, 'worker'), ...(volunteers > 0 ? [counted(volunteers, 'volunteer')] : [])];
  const shown = scalars.filter(({ isProgress }) => isProgress).map(({ name, value }) => `${name} ${value.toFixed(2)}`);
  return [...shown, `${rate} img/s`, ...fleet];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function bar(share: number, cells: number): string {
  const eighths = Math.floor(share * cells * 8);
  const filled = '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
  return filled.padEnd(cells);
}

/** `mm:ss`, `h:mm:ss` from an hour on, `?` for what is not known. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '?';
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const clock = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return whole < 3600 ? clock : `${Math.floor(whole / 3600)}:${clock}`;
}
