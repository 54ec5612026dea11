/**
 * `gradcast pause`, `resume`, `stop` and `drain`: what an operator does with a run that goes on, by its control socket.
 *
 * An operation is done when it has taken effect: a pause when the open step has closed, a stop when the run can be opened
 * again, a drain when the worker is gone. Doing again what was done already is no error.
 */
import { RunError } from '@gradcast/files';
import { readRun } from '@gradcast/run-folder';
import { ControlClient, OperateError } from './control-client.ts';
import type { Answer } from './control-client.ts';
import { EXIT_DONE, EXIT_FAILED } from './exit-codes.ts';

export const OPERATIONS = ['pause', 'resume', 'stop', 'drain'] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface OperateRequest {
  readonly operation: Operation;
  /** Run folder. */
  readonly run: string;
  /** Of `drain`: the worker that is to go. */
  readonly worker: string | null;
  /** Whether it is waited for until it has taken effect. */
  readonly wait: boolean;
  /** One JSON object instead of a sentence. */
  readonly json: boolean;
}

/** What came of it: a sentence, and the same for programs. */
interface Done {
  readonly sentence: string;
  readonly facts: Answer;
}

/** Does it and says what came of it; returns the exit code. Errors are thrown, and with `json` also printed. */
export async function runOperation(request: OperateRequest, say: (line: string) => void): Promise<number> {
  const { operation: type, json } = request;
  try {
    const { sentence, facts } = await operate(request);
    say(json ? JSON.stringify({ type, ok: true, ...facts }) : sentence);
    return EXIT_DONE;
  } catch (error) {
    if (!json || !(error instanceof OperateError || error instanceof RunError)) throw error;
    say(JSON.stringify({ type, ok: false, code: error.code, sentence: error.message }));
    return error instanceof RunError ? error.exitCode : EXIT_FAILED;
  }
}

/**
 * @throws RunError `run-missing`, `run-corrupt`; OperateError `run-not-running`, `worker-unknown` and more, see
 *   docs/configuration.md.
 */
export async function operate({ operation, run, worker, wait }: OperateRequest): Promise<Done> {
  await readRun(run);
  const client = await ControlClient.find(run);
  const answer = await client?.ask('POST', `/${operation}`, worker === null ? undefined : { worker });
  if (!client || !answer) throw await notRunning(run);
  switch (operation) {
    case 'pause':
      return paused(answer, wait ? await untilPaused(client, answer, run) : false);
    case 'resume':
      return { sentence: answer['changed'] === true ? 'the run goes on' : notPaused(answer), facts: answer };
    case 'stop':
      return wait ? stopped(client, answer, run) : { sentence: 'the run stops with a checkpoint', facts: answer };
    case 'drain':
      return drained({ client, answer, run, worker: worker!, wait });
    default:
      return operation satisfies never;
  }
}

const notPaused = ({ state }: Answer) => `the run was not paused: it is ${String(state)}`;

function paused(answer: Answer, tookEffect: boolean): Done {
  if (answer['state'] === 'paused' && answer['changed'] !== true) {
    return { sentence: 'the run was paused already', facts: answer };
  }
  if (tookEffect || answer['state'] === 'paused') {
    return { sentence: 'the run is paused', facts: { ...answer, state: 'paused', pausing: false } };
  }
  const when = answer['state'] === 'setting-up' ? 'it is set up' : `step ${String(answer['step'])} closes`;
  return { sentence: `the run pauses when ${when}`, facts: answer };
}

/** @returns true. @throws OperateError `pause-withdrawn`, `run-ending`, `run-not-running`. */
async function untilPaused(client: ControlClient, { state, seq }: Answer, run: string): Promise<boolean> {
  if (state === 'paused') return true;
  for await (const event of client.events(Number(seq))) {
    if (event['type'] !== 'state') continue;
    const { to, pausing } = event;
    if (to === 'paused') return true;
    if (to === 'stopping' || to === 'draining') {
      throw new OperateError('run-ending', `the run goes on no more: it is ${to}`);
    }
    if (pausing !== true) throw new OperateError('pause-withdrawn', 'the run was resumed before it had paused');
  }
  throw await notRunning(run);
}

/** Waits until the coordinator has given the run back. @throws OperateError `run-not-running`. */
async function stopped(client: ControlClient, { seq }: Answer, run: string): Promise<Done> {
  const events = client.events(Number(seq));
  while (!(await events.next()).done);
  const { summary } = await readRun(run);
  const end = endOf(summary);
  if (!end) throw await notRunning(run);
  const { status, steps, targetSteps } = end;
  const goesOn = status === 'stopped' ? `; gradcast train --resume ${run} goes on with it` : '';
  return {
    sentence: `the run has ${ENDED[status] ?? 'ended'} at step ${steps} of ${targetSteps}${goesOn}`,
    facts: { state: status, step: steps, steps: targetSteps },
  };
}

interface Drain {
  readonly client: ControlClient;
  readonly answer: Answer;
  readonly run: string;
  readonly worker: string;
  readonly wait: boolean;
}

/** @throws OperateError `worker-lost`, `run-not-running`. */
async function drained({ client, answer, run, worker, wait }: Drain): Promise<Done> {
  if (!wait) return { sentence: `worker ${worker} finishes what it has and goes`, facts: { worker, ...answer } };
  for await (const event of client.events(Number(answer['seq']))) {
    const { type, worker: who, why, code, sentence } = event;
    if (who !== worker || (type !== 'left' && type !== 'refused')) continue;
    // It has connected again, and hears anew that it is to go.
    if (code === 'replaced') continue;
    if (type === 'refused') throw new OperateError('worker-lost', `worker ${worker} was refused: ${String(sentence)}`);
    if (why === 'lost') {
      throw new OperateError('worker-lost', `worker ${worker} lost its connection before it had finished`);
    }
    const stand = (await client.ask('GET', '/state').catch(() => undefined)) ?? answer;
    return { sentence: `worker ${worker} is gone${shortage(stand)}`, facts: { worker, ...stand } };
  }
  throw await notRunning(run);
}

/** What follows if too few are left. */
function shortage({ workers, minWorkers, state }: Answer): string {
  const left = Array.isArray(workers) ? (workers as Answer[]).filter((each) => each['state'] !== 'leaving').length : 0;
  if (state !== 'waiting-for-workers' && left >= Number(minWorkers)) return '';
  const follows = state === 'paused' ? '' : ', so the run waits for others';
  return `; ${left} of at least ${String(minWorkers)} workers are left${follows}`;
}

const ENDED: Readonly<Record<string, string>> = {
  completed: 'completed',
  stopped: 'stopped',
  diverged: 'diverged',
  abandoned: 'been abandoned',
  failed: 'failed',
};

function endOf(summary: unknown): { status: string; steps: number; targetSteps: number } | undefined {
  const { status, steps, targetSteps } = Object(summary) as Partial<Record<string, unknown>>;
  if (typeof status !== 'string' || typeof steps !== 'number' || typeof targetSteps !== 'number') return undefined;
  return { status, steps, targetSteps };
}

/** Why nobody answers for a run, as far as its folder tells. */
export async function notRunning(run: string): Promise<OperateError> {
  const end = endOf((await readRun(run).catch(() => undefined))?.summary);
  const why = end
    ? `it has ${ENDED[end.status] ?? 'ended'} at step ${end.steps} of ${end.targetSteps}`
    : 'it was killed, is only being set up, or runs on another machine or in another container';
  return new OperateError('run-not-running', `no coordinator answers for the run in ${run}: ${why}`);
}
