/** The log of events, with what people choose to see of it. */
import type { ViewEvent } from '@gradcast/protocol';
import { sentence } from '../answers.ts';
import { KIND_NAMES, KINDS, kindOf, shownEvents, USUAL_KINDS } from '../log.ts';
import type { Kind } from '../log.ts';
import { whole } from '../format.ts';
import type { Model } from '../model.ts';
import { byId, made } from './dom.ts';

const MOST_LINES = 200;

export class LogView {
  readonly #kinds = new Set<Kind>(USUAL_KINDS);
  #shown: ViewEvent[] = [];
  #missed = 0;

  /** @param changed is called when somebody chooses otherwise. */
  constructor(changed: () => void) {
    for (const kind of KINDS) {
      const box = made('input');
      box.type = 'checkbox';
      box.checked = this.#kinds.has(kind);
      box.addEventListener('change', () => {
        if (box.checked) this.#kinds.add(kind);
        else this.#kinds.delete(kind);
        changed();
      });
      byId('filters').append(made('label', {}, box, made('span', { text: KIND_NAMES[kind] })));
    }
  }

  draw({ events, missed }: Model): void {
    const shown = shownEvents(events, this.#kinds, MOST_LINES);
    const isSame = shown.length === this.#shown.length && shown.every((event, i) => event.seq === this.#shown[i].seq);
    if (isSame && missed === this.#missed && shown.length > 0) return;
    const list = byId('log-lines');
    const isFirst = (event: ViewEvent) => event.seq === this.#shown.at(0)?.seq;
    const added = missed === this.#missed ? shown.findIndex(isFirst) : -1;
    const isLonger = added > 0 && this.#shown.every((event, i) => shown[i + added]?.seq === event.seq);
    if (isLonger) list.prepend(...shown.slice(0, added).map(lineOf));
    else list.replaceChildren(...shown.map(lineOf), ...rest(shown.length, missed));
    this.#shown = shown;
    this.#missed = missed;
  }
}

function rest(shown: number, missed: number): HTMLLIElement[] {
  if (missed > 0)
    return [
      made('li', {
        class: 'soft',
        text: `${whole(missed)} events passed while this page was away; events.jsonl has them.`,
      }),
    ];
  return shown === 0 ? [made('li', { class: 'soft', text: 'Nothing of the kind has happened.' })] : [];
}

function lineOf(event: ViewEvent): HTMLLIElement {
  const date = new Date(event.time * 1000);
  const time = made('time', { text: date.toLocaleTimeString('en-GB') });
  if (!Number.isNaN(date.getTime())) time.dateTime = date.toISOString();
  time.title = date.toLocaleString('en-GB');
  return made('li', { tone: toneOf(event) }, time, made('span', { text: sentence(event.sentence) }));
}

function toneOf(event: ViewEvent): string {
  if (kindOf(event) !== 'faults') return 'calm';
  return event.type === 'trouble' && event['began'] !== true ? 'good' : 'bad';
}
