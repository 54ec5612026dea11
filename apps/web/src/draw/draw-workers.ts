/** The table of workers: those who are here, and those who went of late. */
import type { ViewWorker } from '@gradcast/protocol';
import { sentence, slowness } from '../answers.ts';
import type { Tone } from '../answers.ts';
import { counted, percent, rate, time } from '../format.ts';
import type { Gone, Model } from '../model.ts';
import { mayDrain } from '../steer.ts';
import type { Colours } from './colours.ts';
import { byId, dot, made, say } from './dom.ts';

const STATES: Readonly<Record<string, readonly [said: string, tone: Tone]>> = {
  joining: ['Gets ready', 'busy'],
  idle: ['Waits for work', 'calm'],
  leased: ['Computes', 'good'],
  quarantined: ['Gets no work', 'bad'],
  parked: ['Too slow a link', 'bad'],
  leaving: ['Finishes and goes', 'busy'],
};
const DEPARTURES: Readonly<Record<string, readonly [said: string, tone: Tone]>> = {
  lost: ['Lost', 'bad'],
  left: ['Left', 'calm'],
  drained: ['Drained', 'calm'],
  dismissed: ['Sent home', 'calm'],
};
/** Those who went longer ago are history. */
const GONE_SECONDS = 600;
/** Between a step and the next a worker waits for a moment; that is no news. */
const FLICKER: readonly string[] = ['idle', 'leased'];

interface Row {
  readonly name: string;
  readonly about: string;
  readonly speed: string;
  /** Beside the fastest, 0 to 1. */
  readonly bar: number;
  readonly share: string;
  readonly state: string;
  readonly why: string;
  readonly tone: Tone;
  /** Whether it may be asked to go; held where that cannot be at the moment. */
  readonly drain: 'no' | 'yes' | 'held';
}

export interface WorkersLook {
  readonly colours: Colours;
  /** Seconds since 1970. */
  readonly at: number;
  /** Whether no operator can do anything at the moment. */
  readonly isHeld: boolean;
}

export function drawWorkers(model: Model, { colours, at, isHeld }: WorkersLook): void {
  const { now } = model;
  const slow = slowness(now.workers);
  const fastest = Math.max(1e-9, ...now.workers.map(({ imagesPerSecond }) => imagesPerSecond ?? 0));
  const isRunning = now.state === 'running';
  const here = now.workers.map((worker) => {
    const drain = mayDrain(model, worker) ? (isHeld ? 'held' : 'yes') : 'no';
    return rowOf(worker, { fastest, times: slow.get(worker.name), isRunning, drain });
  });
  const gone = model.gone.filter(({ time: left }) => at - left < GONE_SECONDS).map((one) => goneRow(one, at));
  const rows = [...here, ...gone.reverse()];
  const body = byId('worker-rows');
  const known = new Map<string, HTMLTableRowElement>();
  const wanted = new Set(rows.map(({ name }) => name));
  for (const row of [...body.children] as HTMLTableRowElement[]) {
    const name = row.dataset['worker']!;
    if (wanted.has(name)) known.set(name, row);
    else row.remove();
  }
  rows.forEach((row, i) => {
    const shown = known.get(row.name) ?? blankRow(row.name, colours);
    fill(shown, row);
    // What is at its place is not moved: a row that is keeps its focus.
    const there = body.children.item(i);
    if (there !== shown) body.insertBefore(shown, there);
  });
  const more = now.more > 0 ? ` ${counted(now.more, 'more worker')} ${now.more === 1 ? 'is' : 'are'} not listed.` : '';
  const none = rows.length === 0 ? 'Nobody is connected. Start one with gradcast worker.' : '';
  say(byId('workers-said'), `${none}${more}`.trim());
}

/** How a worker is beside the others. */
interface Standing {
  readonly fastest: number;
  readonly times: number | undefined;
  readonly isRunning: boolean;
}

function rowOf(
  { name, role, backend, device, state, why, share, imagesPerSecond }: ViewWorker,
  { fastest, times, isRunning, drain }: Pick<Row, 'drain'> & Standing,
): Row {
  const steady = isRunning && FLICKER.includes(state) && imagesPerSecond !== null ? 'leased' : state;
  const [said, tone] = Object.hasOwn(STATES, steady) ? STATES[steady] : ([state, 'calm'] as const);
  const isSlow = times !== undefined && tone === 'good';
  return {
    name,
    about: `${role === 'worker' || role === 'trusted' ? '' : `${role} · `}${backend} on ${device}`,
    speed: imagesPerSecond === null ? '–' : rate(imagesPerSecond),
    bar: (imagesPerSecond ?? 0) / fastest,
    share: share === null ? '–' : percent(share),
    state: said,
    why: why !== null ? sentence(why) : isSlow ? `${times.toFixed(1)}× slower than the others` : '',
    tone: isSlow ? 'busy' : tone,
    drain,
  };
}

function goneRow({ name, why, reason, time: left }: Gone, at: number): Row {
  const [said, tone] = Object.hasOwn(DEPARTURES, why) ? DEPARTURES[why] : (['Gone', 'calm'] as const);
  const state = `${said} ${time(at - left)} ago`;
  return { name, about: '', speed: '–', bar: 0, share: '–', state, why: sentence(reason), tone, drain: 'no' };
}

function blankRow(name: string, colours: Colours): HTMLTableRowElement {
  const head = made('th', {}, dot(colours.of(name)), made('span', { text: name }), made('small'));
  head.scope = 'row';
  const bar = made('span', { class: `bar ${colours.of(name)}` });
  bar.setAttribute('aria-hidden', 'true');
  const speed = made('td', { class: 'number' }, made('span'), bar);
  const drain = made('button', { class: 'drain', text: 'Drain' });
  drain.type = 'button';
  drain.setAttribute('aria-label', `Drain ${name}`);
  const state = made('td', { class: 'state' }, made('span', { class: 'mark' }), made('small'), drain);
  const row = made('tr', {}, head, speed, made('td', { class: 'number' }), state);
  row.dataset['worker'] = name;
  return row;
}

function fill(row: HTMLTableRowElement, { about, speed, bar, share, state, why, tone, drain }: Row): void {
  const [head, speedCell, shareCell, stateCell] = row.children as unknown as HTMLElement[];
  row.dataset['tone'] = tone;
  say(head.children[2] as HTMLElement, about);
  say(speedCell.children[0] as HTMLElement, speed);
  (speedCell.children[1] as HTMLElement).style.setProperty('--part', bar.toFixed(3));
  say(shareCell, share);
  const [first, second, button] = stateCell.children as unknown as HTMLElement[];
  say(first, state);
  say(second, why);
  button.hidden = drain === 'no';
  button.setAttribute('aria-disabled', String(drain !== 'yes'));
}
