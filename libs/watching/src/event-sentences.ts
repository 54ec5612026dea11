/** Events of a run in the words that its own terminal has for them, where it has any. */
import {
  distrustedSentence,
  drainSentence,
  operationSentence,
  parkedSentence,
  pausedSentence,
  troubleSentence,
} from '@gradcast/config';
import type { Cause, RunEvent, RunStateName } from '@gradcast/config';
import { printable } from '@gradcast/protocol';
import { fixed, member, number, word } from './logged-event.ts';
import type { LoggedEvent } from './logged-event.ts';

type Say = (event: LoggedEvent) => string;

/** Characters of an event that this version does not know. */
const RAW_LIMIT = 400;

const SENTENCES: Readonly<Record<RunEvent['type'], Say>> = {
  state: stateSentence,
  joined: (event) => `${whom(event, 'name')} joined (${word(event, 'backend')} on ${word(event, 'device')})`,
  left: (event) => `worker ${word(event, 'worker')} left: ${word(event, 'reason')}`,
  refused: (event) => {
    const leftOut = number(event, 'leftOut');
    const more = leftOut > 0 ? `; ${leftOut} refusals before it are not listed` : '';
    return `worker ${word(event, 'worker')} was refused (${word(event, 'code')}): ${word(event, 'sentence')}${more}`;
  },
  'drain-asked': (event) => drainSentence(word(event, 'worker'), word(event, 'by')),
  quarantined: (event) => {
    const seconds = fixed(number(event, 'termMs') / 1000, 0);
    return `worker ${word(event, 'worker')} gets no work for ${seconds} s (${word(event, 'reason')})`;
  },
  parked: (event) => {
    const [takes, needs] = [number(event, 'bytesPerSecond'), number(event, 'neededBytesPerSecond')];
    return parkedSentence(word(event, 'worker'), takes, needs);
  },
  'leased-again': (event) => {
    const [first, count] = [number(event, 'first'), number(event, 'count')];
    const leaves = count === 1 ? `leaf ${first}` : `leaves ${first} to ${first + count - 1}`;
    const why = event['why'] === 'shared' ? 'others have nothing to do' : 'its deadline has passed';
    return `others may be asked for ${leaves} of step ${word(event, 'step')}, which worker ${word(event, 'worker')} has: ${why}`;
  },
  audited: (event) =>
    event['ending'] === 'settled'
      ? 'an audit found a wrong result; the arbiter decided'
      : `an audit found the same result again (worker ${word(event, 'worker')}, ${word(event, 'ending')})`,
  distrusted: sayDistrusted,
  'step-closed': (event) =>
    event['skipped'] === true
      ? `step ${word(event, 'step')} was skipped: the model would have diverged`
      : `step ${word(event, 'step')} closed in ${fixed(number(event, 'seconds'), 3)} s`,
  saved: (event) =>
    `the checkpoint of step ${word(event, 'step')} was saved in ${fixed(number(event, 'seconds'), 3)} s`,
  sampled: (event) => `the sample grid of step ${word(event, 'step')} was drawn`,
  scored: (event) => {
    const share = fixed(100 * number(event, 'accuracy'), 2);
    const of = `${word(event, 'samples')} samples of the ${word(event, 'split')} split`;
    return `after step ${word(event, 'step')}: accuracy ${share} % of ${of}`;
  },
  evaluated: (event) => {
    const [precision, recall] = ['precision', 'recall'].map((key) => fixed(number(event, key), 2));
    const frechet = fixed(number(event, 'frechet'), 1);
    return `samples after step ${word(event, 'step')}: Fréchet distance ${frechet}, precision ${precision}, recall ${recall}`;
  },
  trouble: (event) => {
    const [trouble, step, sentence, advice] = ['trouble', 'step', 'sentence', 'advice'].map((key) => word(event, key));
    return troubleSentence({ trouble, step, began: event['began'] === true, sentence, advice });
  },
};

/** Types of events that a user may ask for. */
export const EVENT_TYPES: readonly string[] = Object.keys(SENTENCES);

/** One sentence, without its full stop and without anything that a terminal would obey. */
export function eventSentence(event: LoggedEvent): string {
  if (Object.hasOwn(SENTENCES, event.type)) return SENTENCES[event.type as keyof typeof SENTENCES](event);
  const rest = Object.entries(event).filter(([key]) => !['type', 'seq', 'time'].includes(key));
  return printable(`${event.type} ${JSON.stringify(Object.fromEntries(rest))}`, RAW_LIMIT);
}

function whom(event: LoggedEvent, key: string): string {
  return `${event['role'] === 'volunteer' ? 'volunteer' : 'worker'} ${word(event, key)}`;
}

function sayDistrusted(event: LoggedEvent): string {
  const uses = Array.isArray(event['uses']) ? (event['uses'] as unknown[]) : [];
  const leaves = uses.reduce<number>((sum, use) => sum + (number(use, 'size') || 0), 0);
  return distrustedSentence(word(event, 'worker'), word(event, 'step'), leaves);
}

const STATES: Readonly<Record<RunStateName, string>> = {
  'setting-up': 'the run is being set up',
  'waiting-for-workers': 'the run waits for workers',
  running: 'the run trains',
  paused: pausedSentence(),
  draining: 'the run ends',
  stopping: 'stopping with a checkpoint',
  completed: 'the run has completed',
  diverged: 'the run has diverged',
  abandoned: 'the run has been abandoned',
  stopped: 'the run has stopped',
  failed: 'the run has failed',
};

/** What is said of a cause before the state that it leads to; nothing for causes that the state itself tells. */
const CAUSES: Readonly<Record<Cause['kind'], ((cause: unknown) => string) | null>> = {
  ready: null,
  'quorum-reached': () => 'enough workers are there',
  'quorum-lost': () => 'too few workers are left',
  'step-closed': null,
  operator: null,
  signal: (cause) => `${word(cause, 'signal')} has come`,
  'no-workers': (cause) => `no worker was there for ${word(cause, 'seconds')} s`,
  alone: () => 'every local worker has ended and no other is connected',
  defect: (cause) => word(cause, 'sentence'),
  disk: () => 'the last checkpoint could not be written',
  diverged: (cause) => word(cause, 'sentence'),
  end: () => 'the last step has closed',
  'early-stop': (cause) => `${word(cause, 'metric')} has not become better for ${word(cause, 'waited')} evaluations`,
  over: null,
};

function isOperation(operation: unknown): operation is 'pause' | 'resume' | 'stop' {
  return operation === 'pause' || operation === 'resume' || operation === 'stop';
}

function stateSentence(event: LoggedEvent): string {
  const { to, from, cause, pausing } = event;
  const operation = member(cause, 'operation');
  // Events of before do not tell.
  const by = member(cause, 'by') === undefined ? undefined : word(cause, 'by');
  if (to === 'paused') return pausedSentence(by);
  if (isOperation(operation)) {
    const said = operationSentence({ operation, pausing: pausing === true, by });
    if (said !== undefined) return said;
  }
  const kind = word(cause, 'kind');
  const state = Object.hasOwn(STATES, String(to)) ? STATES[to as RunStateName] : `the run is ${word(event, 'to')}`;
  const why = Object.hasOwn(CAUSES, kind) ? CAUSES[kind as keyof typeof CAUSES]?.(cause) : kind;
  if (why === undefined) return state;
  return from === to ? why : `${why}; ${state}`;
}
