/** The head of the page: what it is, how far it has come, and four answers. */
import type { Answer, Tone } from '../answers.ts';
import { isOver } from '../answers.ts';
import { percent, whole } from '../format.ts';
import type { Model } from '../model.ts';
import { byId, made, say } from './dom.ts';

const STATES: Readonly<Record<string, readonly [said: string, tone: Tone]>> = {
  'setting-up': ['Setting up', 'busy'],
  'waiting-for-workers': ['Waiting for workers', 'bad'],
  running: ['Training', 'good'],
  paused: ['Paused', 'calm'],
  draining: ['Ending', 'busy'],
  stopping: ['Stopping', 'busy'],
  completed: ['Completed', 'good'],
  stopped: ['Stopped', 'calm'],
  diverged: ['Diverged', 'bad'],
  abandoned: ['Abandoned', 'bad'],
  failed: ['Failed', 'bad'],
};

export function drawHead({ run, now }: Model): void {
  const { step, steps, state, pausing } = now;
  const known = Object.hasOwn(STATES, state) ? STATES[state] : ([state, 'calm'] as const);
  const [said, tone] = pausing ? (['Pausing', 'busy'] as const) : known;
  say(byId('title'), run.preset);
  const pill = byId('state');
  say(pill, said);
  pill.dataset['tone'] = tone;
  const part = steps > 0 ? step / steps : 0;
  say(byId('steps-shown'), `Step ${whole(step)} of ${whole(steps)}`);
  const bar = byId<HTMLProgressElement>('steps');
  bar.max = Math.max(1, steps);
  bar.value = step;
  const title = isOver(state) ? `${said} · ${run.preset}` : `${percent(Math.floor(100 * part) / 100)} ${run.preset}`;
  if (document.title !== title) document.title = title;
}

export function drawAnswers(answers: readonly Answer[]): void {
  const place = byId('answers');
  if (place.childElementCount !== answers.length) {
    place.replaceChildren(
      ...answers.map(() =>
        made('article', { class: 'answer' }, made('h2'), made('p', { class: 'said' }), made('p', { class: 'soft' })),
      ),
    );
  }
  answers.forEach(({ question, tone, said, more }, i) => {
    const article = place.children[i] as HTMLElement;
    article.dataset['tone'] = tone;
    const [heading, first, second] = article.children as unknown as HTMLElement[];
    say(heading, question);
    say(first, said);
    say(second, more);
  });
}
