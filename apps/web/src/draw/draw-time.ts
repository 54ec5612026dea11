/** What holds the run back: a sentence, and where the time of the last steps went as a bar whose numbers are a list. */
import { percent } from '../format.ts';
import type { Model } from '../model.ts';
import { byId, dot, made, say } from './dom.ts';

/** The style sheet's colours: what workers do, what they wait for, what the coordinator does. */
const COLOURS: Readonly<Record<string, string>> = {
  compute: 'w0',
  network: 'w2',
  straggler: 'w1',
  adding: 'w5',
  reduce: 'w3',
  broadcast: 'w6',
  optimizer: 'w4',
  other: 'w7',
};

export function drawTime({ now: { phases } }: Model): void {
  byId('time').hidden = phases === null;
  if (phases === null) return;
  say(byId('time-said'), phases.sentence);
  const [bar, legend] = [byId('time-bar'), byId('time-legend')];
  const drawn = phases.shares.map(([name, said, share]) => ({ colour: colourOf(name), said, share }));
  const key = JSON.stringify(drawn);
  if (bar.dataset['drawn'] === key) return;
  bar.dataset['drawn'] = key;
  bar.replaceChildren(
    ...drawn.map(({ colour, share }) => {
      const part = made('span', { class: colour });
      part.style.setProperty('--part', String(share));
      return part;
    }),
  );
  legend.replaceChildren(
    ...drawn.map(({ colour, said, share }) =>
      made('li', {}, dot(colour), document.createTextNode(`${said} `), made('strong', { text: percent(share) })),
    ),
  );
}

function colourOf(name: string): string {
  return Object.hasOwn(COLOURS, name) ? COLOURS[name] : 'rest';
}
