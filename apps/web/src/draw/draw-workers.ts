/** The table of workers: those who are here, and those who went of late. */
import type { ViewWorker } from '@gradcast/protocol';
import { sentence, slowness } from '../answers.ts';
import type { Tone } from '../answers.ts';
import { counted, percent, rate, time } from '../format.ts';
import type { Gone, Model } from '../model.ts';
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
}

export function drawWorkers(model: Model, colours: Colours, at: number): void {
  const { now } = model;
  const slow = slowness(now.workers);
  const fastest = Math.max(1e-9, ...now.workers.map(({ imagesPerSecond }) => imagesPerSecond ?? 0));
  const isRunning = now.state === 'running';
  const here = now.workers.map((worker) => rowOf(worker, { fastest, times: slow.get(worker.name), isRunning }));
  const gone = model.gone.filter(({ time: left }) => at - left < GONE_SECONDS).map((one) => goneRow(one, at));
  const rows = [...here, ...gone.reverse()];
  const body = byId('worker-rows');
  while (body.children.length > rows.length) body.lastElementChild!.remove();
  rows.forEach((row, i) => {
    const known = body.children.item(i) as HTMLTableRowElement | null;
    const shown = known?.dataset['worker'] === row.name ? known : blankRow(row.name, colours);
    fill(shown, row);
    if (!known) body.append(shown);
    else if (known !== shown) known.replaceWith(shown);
  });
  const more = now.more > 0 ? ` ${counted(now.more, 'more worker')} ${now.more === 1 ? 'is' : 'are'} not listed.` : '';
  const none = rows.length === 0 ? 'Nobody is connected. Start one with gradcast worker.' : '';
  say(byId('workers-said'), `${none}${more}`.trim());
}

function rowOf(
  { name, role, backend, device, state, why, share, imagesPerSecond }: ViewWorker,
  { fastest, times, isRunning }: { fastest: number; times: number | undefined; isRunning: boolean },
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
  };
}

function goneRow({ name, why, reason, time: left }: Gone, at: number): Row {
  const [said, tone] = Object.hasOwn(DEPARTURES, why) ? DEPARTURES[why] : (['Gone', 'calm'] as const);
  const state = `${said} ${time(at - left)} ago`;
  return { name, about: '', speed: '–', bar: 0, share: '–', state, why: sentence(reason), tone };
}

function blankRow(name: string, colours: Colours): HTMLTableRowElement {
  const head = made('th', {}, dot(colours.of(name)), made('span', { text: name }), made('small'));
  head.scope = 'row';
  const bar = made('span', { class: `bar ${colours.of(name)}` });
  bar.setAttribute('aria-hidden', 'true');
  const speed = made('td', { class: 'number' }, made('span'), bar);
  const state = made('td', { class: 'state' }, made('span', { class: 'mark' }), made('small'));
  const row = made('tr', {}, head, speed, made('td', { class: 'number' }), state);
  row.dataset['worker'] = name;
  return row;
}

function fill(row: HTMLTableRowElement, { about, speed, bar, share, state, why, tone }: Row): void {
  const [head, speedCell, shareCell, stateCell] = row.children as unknown as HTMLElement[];
  row.dataset['tone'] = tone;
  say(head.children[2] as HTMLElement, about);
  say(speedCell.children[0] as HTMLElement, speed);
  (speedCell.children[1] as HTMLElement).style.setProperty('--part', bar.toFixed(3));
  say(shareCell, share);
  say(stateCell.children[0] as HTMLElement, state);
  say(stateCell.children[1] as HTMLElement, why);
}
