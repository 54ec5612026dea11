/** What the page shows, as a function of all that is known: text and switches, no document. */
import type { Report, Stage } from './messages.ts';
import type { RunFacts } from './run-facts.ts';

export interface Model {
  /** Why this browser or this link cannot take part at all. */
  readonly unable: string | undefined;
  readonly report: Report | undefined;
  /** Whether work waits for the battery. */
  readonly isHeld: boolean;
  readonly isOnline: boolean;
}

export type Action = 'start' | 'pause';
/** How a status looks: nothing to do, something going on, all well, trouble. */
export type Tone = 'calm' | 'busy' | 'good' | 'bad';

export interface View {
  readonly title: string;
  readonly subject: string;
  readonly status: string;
  readonly detail: string;
  readonly tone: Tone;
  readonly primary: { readonly label: string; readonly action: Action; readonly enabled: boolean };
  readonly canLeave: boolean;
  /** Before the first consent. */
  readonly asks: boolean;
  /** Whether the graphics processor can be chosen. */
  readonly canUseGpu: boolean;
  readonly progress: { readonly value: number; readonly max: number; readonly text: string } | undefined;
  readonly figures: readonly (readonly [name: string, value: string])[];
}

/** What the built-in tasks are to a visitor. */
const SUBJECTS: Readonly<Record<string, string>> = {
  mnist:
    'Two neural networks are learning to draw handwritten digits: one draws, the other tells drawings from real ones.',
  dcgan:
    'Two neural networks are learning to draw handwritten digits: one draws, the other tells drawings from real ones.',
  classic:
    'Two neural networks are learning to draw handwritten digits, as in a tutorial of 2019: one draws, the other judges.',
  tutorial:
    'Two neural networks are learning to draw handwritten digits, those of TensorFlow’s tutorial: one draws, the other judges.',
  conditional:
    'Two neural networks are learning to draw the handwritten digit that is asked for: one draws, the other judges.',
  classifier: 'A neural network is learning to read handwritten digits.',
};
const ANY_SUBJECT = 'It is being trained on many devices at once.';

const READY = 'One press starts it. You can pause or leave at any time.';

export function viewOf(model: Model): View {
  const { report } = model;
  const run = report?.run ?? undefined;
  const stage: Stage = report?.stage ?? { name: 'idle' };
  const isIdle = stage.name === 'idle';
  return {
    ...statusOf(model, stage, run),
    title: titleOf(stage, run),
    subject: (run && SUBJECTS[run.preset]) ?? ANY_SUBJECT,
    primary: primaryOf(model, stage, run),
    canLeave: !isIdle && stage.name !== 'ended',
    asks: isIdle,
    canUseGpu: run?.exact !== true,
    progress: run && progressOf(run),
    figures: report ? figuresOf(report, run) : [],
  };
}

/** Why nobody can help this run from a browser, whatever the browser. */
function refusalOf({ unable, report }: Model, run: RunFacts | undefined): string | undefined {
  if (unable !== undefined) return unable;
  if (report?.trouble?.isFinal) return sentence(report.trouble.sentence);
  if (run && (run.task !== null || !Object.hasOwn(SUBJECTS, run.preset))) {
    return `This run trains a task of its own (${run.preset}), and browsers compute only those that come with Gradcast.`;
  }
  return undefined;
}

function statusOf(model: Model, stage: Stage, run: RunFacts | undefined): Pick<View, 'status' | 'detail' | 'tone'> {
  const say = (tone: Tone, status: string, detail = '') => ({ tone, status, detail });
  const refusal = stage.name === 'idle' ? refusalOf(model, run) : undefined;
  if (refusal !== undefined) return say('bad', 'This device cannot take part', refusal);
  if (model.isHeld) {
    return say(
      'calm',
      'Resting: the battery is low',
      'It goes on by itself once the battery is charging or above 25 %.',
    );
  }
  if (!model.isOnline && stage.name !== 'ended' && stage.name !== 'paused') {
    return say('bad', 'No network', 'It goes on by itself when the network is back.');
  }
  switch (stage.name) {
    case 'idle': {
      const trouble = model.report?.trouble;
      if (trouble) return say('bad', 'The run cannot be reached', `${sentence(trouble.sentence)} Trying again.`);
      return run ? say('calm', 'Ready when you are', READY) : say('busy', 'Looking for the run');
    }
    case 'loading':
      return say('busy', 'Loading', 'The program that computes: a quarter of a megabyte.');
    case 'joining':
      return say('busy', 'Joining', 'This device tries out its arithmetic and gets the model.');
    case 'working':
      return say('good', 'Training', 'This device computes. You can use other tabs meanwhile.');
    case 'waiting':
      return say('calm', ...waiting(stage.why, run));
    case 'retrying':
      return say('bad', 'Connection lost', `${sentence(stage.sentence)} Trying again by itself.`);
    case 'recovering':
      return say('busy', 'The graphics processor was lost', sentence(stage.sentence));
    case 'pausing':
      return say('busy', 'Stopping');
    case 'paused':
      return say('calm', 'Paused', 'Nothing is computed and nothing is sent until you go on.');
    case 'ended':
      return ended(stage);
    default:
      return stage satisfies never;
  }
}

function waiting(why: Extract<Stage, { name: 'waiting' }>['why'], run: RunFacts | undefined): [string, string] {
  switch (why) {
    case 'run-paused':
      return ['Waiting: the run is paused', 'Whoever runs it has paused it; this device goes on with it.'];
    case 'run-stopping':
      return ['Waiting: the run is being stopped', 'If it is taken up again, this device takes part again.'];
    case 'parked':
      return ['Waiting: the connection is slow', 'The others would have to wait for it; it is tried again later.'];
    case 'nothing':
      if (run?.workers === 0) {
        return ['Waiting for the run', 'It goes on when a computer of its owner takes part, which checks the tabs.'];
      }
      return ['Connected, waiting for work', 'All work is with others right now.'];
    default:
      return why satisfies never;
  }
}

function ended({ how, sentence: said }: Extract<Stage, { name: 'ended' }>): Pick<View, 'status' | 'detail' | 'tone'> {
  switch (how) {
    case 'done':
      return { tone: 'good', status: 'The run is over', detail: `${sentence(said)} Thank you for your help.` };
    case 'dismissed':
      return { tone: 'calm', status: 'The run can do without this device', detail: sentence(said) };
    case 'refused':
      return { tone: 'bad', status: 'This device was turned away', detail: sentence(said) };
    case 'failed':
      return { tone: 'bad', status: 'This device cannot compute', detail: sentence(said) };
    default:
      return how satisfies never;
  }
}

function primaryOf(model: Model, stage: Stage, run: RunFacts | undefined): View['primary'] {
  switch (stage.name) {
    case 'idle': {
      const isReachable = run !== undefined && !model.report?.trouble;
      const enabled = isReachable && !model.isHeld && refusalOf(model, run) === undefined;
      return { label: 'Start training', action: 'start', enabled };
    }
    case 'pausing':
      return { label: 'Resume', action: 'start', enabled: false };
    case 'paused':
      return { label: 'Resume', action: 'start', enabled: !model.isHeld };
    case 'ended':
      return {
        label: 'Try again',
        action: 'start',
        enabled: stage.how !== 'done' && refusalOf(model, run) === undefined,
      };
    case 'loading':
    case 'joining':
    case 'working':
    case 'waiting':
    case 'retrying':
    case 'recovering':
      return { label: 'Pause', action: 'pause', enabled: true };
    default:
      return stage satisfies never;
  }
}

function titleOf(stage: Stage, run: RunFacts | undefined): string {
  const percent = run && run.steps > 0 ? `${Math.floor((100 * run.step) / run.steps)} % ` : '';
  return stage.name === 'working' ? `${percent}training · Gradcast` : 'Help train · Gradcast';
}

function progressOf({ step, steps }: RunFacts): NonNullable<View['progress']> {
  return { value: Math.min(step, steps), max: Math.max(1, steps), text: `Step ${whole(step)} of ${whole(steps)}` };
}

function figuresOf({ stage, figures }: Report, run: RunFacts | undefined): View['figures'] {
  const { imagesPerSecond: own, leavesComputed, leavesUsed, leavesChecked, bytesReceived, bytesSent } = figures;
  const all: (readonly [string, string])[] = [];
  if (stage.name !== 'idle') {
    all.push(['This device', `${rate(own)} images/s`]);
    if (run) all.push(['Its share of the run', run.imagesPerSecond > 0 ? percent(own / run.imagesPerSecond) : '–']);
    all.push(['Micro-batches computed', whole(leavesComputed)]);
    if (leavesUsed !== null) all.push(['Used in the model', whole(leavesUsed)]);
    if (leavesChecked !== null) all.push(['Checked by others', whole(leavesChecked)]);
    all.push(['Received, sent', `${size(bytesReceived)}, ${size(bytesSent)}`]);
  }
  if (run) {
    all.push(['The whole run', `${rate(run.imagesPerSecond)} images/s`]);
    all.push(['Taking part', `${counted(run.volunteers, 'tab')}, ${counted(run.workers, 'computer')}`]);
  }
  return all;
}

/** A peer's clause as a sentence. */
function sentence(clause: string): string {
  const text = clause.trim();
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

function whole(count: number): string {
  return Math.floor(count).toLocaleString('en');
}

function rate(perSecond: number): string {
  return perSecond < 10 ? perSecond.toFixed(1) : whole(Math.round(perSecond));
}

function percent(part: number): string {
  const shown = Math.min(100, 100 * part);
  return `${shown > 0 && shown < 10 ? shown.toFixed(1) : Math.round(shown)} %`;
}

function size(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function counted(count: number, name: string): string {
  return `${whole(count)} ${name}${count === 1 ? '' : 's'}`;
}
