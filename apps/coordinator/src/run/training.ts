/** Drives the rounds of a run, from the version it begins with to its last or to whatever ends it sooner. */
import { DatasetError } from '@gradcast/dataset';
import type { TrainingState } from '@gradcast/optimizer';
import type { Fleet } from './fleet.ts';
import { StageTimer } from '../records/records.ts';
import { round } from '../round.ts';
import type { RoundOutcome } from '../round.ts';
import type { RunContext } from './context.ts';
import { earlyStopSentence } from './early-stop.ts';
import type { Verdict } from './early-stop.ts';
import type { RunControl } from './control.ts';
import type { Telemetry } from '../records/telemetry.ts';

/** Returns when no further step is to be driven; why, is said by run control. */
export async function train(context: RunContext): Promise<void> {
  const { earlyStop } = context.services;
  try {
    earlyStop?.begin();
    await drive(context);
  } finally {
    // What is still being scored has no effect on how this run ended.
    earlyStop?.close();
  }
}

async function drive(context: RunContext): Promise<void> {
  const { options, prepared, services } = context;
  const { config, control } = options;
  const { totalSteps, codec, kernels, state } = prepared;
  const { fleet, saving, recorder, outputs, evaluations, earlyStop, telemetry, observers } = services;
  const { terms } = fleet;
  publish(fleet, state);
  while (state.version < totalSteps) {
    await recorder.ahead(state.version + 1);
    if (!(await mayGoOn(context)) || !(await hasSamples(context))) return;
    const outcome = await round({
      terms,
      state,
      fleet,
      codec,
      kernels,
      lastVersion: totalSteps,
      mayOpen: (version) => control.mayOpen && (earlyStop?.mayOpen(version) ?? true),
      verdict: () => verdictOf(context),
      onDivergence: config.onDivergence,
      averaged: observers.averaged,
      timer: () => new StageTimer(),
      accounts: services.accounts,
    });
    // What is to be done is found out anew: a pause or a stop was asked for.
    if (outcome.kind === 'held') continue;
    if (outcome.kind === 'enough') return endEarly(context);
    if ('record' in outcome) recorder.closed(outcome.record, state.replica.fingerprint);
    if ('record' in outcome) observers.closed(outcome.record);
    if ('record' in outcome) telemetry.accounted(outcome.record);
    tell(outcome, { telemetry, control });
    if (control.isEnding) return;
    publish(fleet, state);
    saving.afterStep();
    const { sampleEvery, evaluateEvery } = config;
    if (sampleEvery && state.version % sampleEvery === 0 && state.version < totalSteps) {
      outputs.show(state.version, () => state.averagedParameters);
    }
    // With early stopping the verdict has them scored.
    if (!earlyStop && evaluateEvery && state.version % evaluateEvery === 0 && state.version < totalSteps) {
      evaluations.evaluate(state.version, () => state.averagedParameters);
    }
  }
  control.apply({ kind: 'end' });
}

/** Waits while the run is paused, which it is from here on if that was asked for and no step is open. */
async function mayGoOn({ options, prepared, services }: RunContext): Promise<boolean> {
  const { control } = options;
  if (!services.fleet.isOpen(prepared.state.version)) control.apply({ kind: 'step-closed' });
  await control.untilNotPaused();
  return !control.isEnding;
}

/** What early stopping says at the present version; nothing is waited for while a pause or a stop is asked for. */
function verdictOf({ options: { control }, prepared: { state }, services }: RunContext): Verdict | Promise<Verdict> {
  const { earlyStop, fleet } = services;
  const { version } = state;
  if (!earlyStop?.isDue(version)) return 'goes-on';
  // A step that was opened ahead is closed before a pause takes effect.
  const isHeld = () => control.isEnding || (!control.mayOpen && !fleet.isOpen(version));
  const { reached, forget } = control.whenever(isHeld);
  const verdict = earlyStop.at(version, () => state.averagedParameters);
  return Promise.race([verdict, reached.then((): Verdict => 'held')]).finally(forget);
}

function endEarly({ options: { control }, services }: RunContext): void {
  const { standing, rule } = services.earlyStop!;
  const { best, bestStep, waited } = standing;
  services.telemetry.notice(earlyStopSentence(rule, standing));
  control.apply({ kind: 'early-stop', metric: rule.metric, best, bestStep, waited });
}

/** Waits for the samples of the next steps, which is no wait unless they come from a disk. A set that changed ends the run. */
async function hasSamples({ options, prepared, services }: RunContext): Promise<boolean> {
  try {
    await services.cutter.prefetch(prepared.state.version);
    return !options.control.isEnding;
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    services.telemetry.notice(error.message);
    options.control.apply({ kind: 'defect', sentence: error.message });
    return false;
  }
}

interface Circumstances {
  readonly telemetry: Pick<Telemetry, 'closed' | 'skipped' | 'notice'>;
  readonly control: Pick<RunControl, 'apply'>;
}

/** Tells records what became of a round, and run control if the run cannot go on. */
function tell(
  outcome: Exclude<RoundOutcome, { kind: 'enough' } | { kind: 'held' }>,
  { telemetry, control }: Circumstances,
): void {
  switch (outcome.kind) {
    case 'closed':
      return telemetry.closed(outcome.record);
    case 'skipped':
      return telemetry.skipped(outcome.record.version, outcome.sentence);
    case 'diverged':
      telemetry.notice(`${outcome.sentence}: the model diverged; try a smaller --lr`);
      return void control.apply({ kind: 'diverged', sentence: outcome.sentence });
    case 'stopped':
      return;
    default:
      return outcome satisfies never;
  }
}

/** Commits the state of a version: joiners may have it, and results are checked against it. */
function publish(fleet: Fleet, { replica, version, normBound, suspectNorm }: TrainingState): void {
  const vectors = [replica.vectors.parameters, ...replica.vectors.slots];
  fleet.publish({ version, fingerprint: replica.fingerprint, vectors, normBound, suspectNorm });
}
