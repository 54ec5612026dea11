/** What the run is made of: its folder, its files, what it was told. */
import { size } from '../format.ts';
import type { Model } from '../model.ts';
import { byId, made, say } from './dom.ts';

let drawnFor = '';

export function drawAbout({ run, files }: Model): void {
  // It changes with a snapshot only.
  const key = JSON.stringify([run, files]);
  if (key === drawnFor) return;
  drawnFor = key;
  say(byId('folder'), `Run ${run.id}, in ${run.folder}`);
  byId('files').replaceChildren(
    ...files.map(({ name, href, bytes }) => {
      const link = made('a', { text: name });
      link.href = `view/${href}`;
      link.download = '';
      return made('li', {}, link, made('small', { text: ` ${size(bytes)}` }));
    }),
  );
  const entries = Object.entries(run.config).filter(([, value]) => value !== null);
  byId('config').replaceChildren(
    ...entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => made('div', {}, made('dt', { text: worded(name) }), made('dd', { text: shown(value) }))),
  );
}

/** `microBatchSize` is `micro batch size`. */
function worded(name: string): string {
  return name.replaceAll(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
}

function shown(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value);
}
