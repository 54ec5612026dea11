/** The commands `train` and `coordinator`: a run, and what is said at its end. */
import type { ResolvedCoordinator, ResolvedTrain } from '@gradcast/config';
import { localSocket } from './local-socket.ts';
import { type RunOutcome, type RunPlan, supervise, type Surroundings } from './supervise.ts';
import { batched } from './train-batch.ts';
import { planned } from './train-for.ts';

/**
 * A coordinator with local workers.
 *
 * Without a token nobody but its own workers can join it, whoever else is on this machine.
 *
 * @param secret makes the token of its own workers.
 * @returns the exit code.
 */
export async function runTrain(run: ResolvedTrain, around: Surroundings, secret: () => string): Promise<number> {
  const { exitCode } = await train(run, around, secret);
  return exitCode;
}

/**
 * As {@link runTrain}, with the summary.
 *
 * @throws BatchUnmeasuredError, TimeTooShortError if batch or length of the run cannot be chosen.
 */
export async function train(run: ResolvedTrain, around: Surroundings, secret: () => string): Promise<RunOutcome> {
  const measuring = {
    around,
    train: (measured: ResolvedTrain, quiet: Surroundings) => trainNow(measured, quiet, secret),
  };
  const sized = await batched(run, measuring);
  if ('exitCode' in sized) return sized;
  const plan = await planned(sized, measuring);
  return 'exitCode' in plan ? plan : trainNow(plan, around, secret);
}

async function trainNow(run: ResolvedTrain, around: Surroundings, secret: () => string): Promise<RunOutcome> {
  const socket = await localSocket();
  const access = { credentials: run.credentials ?? [], local: secret() };
  const local = { count: run.workers, config: run.worker, socket: socket?.path ?? null };
  try {
    return await tell({ coordinator: run.coordinator, access, local, opens: run.opens }, around);
  } finally {
    await socket?.remove();
  }
}

/** @returns the exit code. */
export async function runCoordinator(
  run: ResolvedCoordinator,
  around: Surroundings,
  secret: () => string,
): Promise<number> {
  const access = { credentials: run.credentials, local: secret() };
  const { exitCode } = await tell({ coordinator: run.coordinator, access, local: null }, around);
  return exitCode;
}

async function tell(plan: RunPlan, around: Surroundings): Promise<RunOutcome> {
  const outcome = await supervise(plan, around);
  const report = await reported(outcome.folder, around);
  if (outcome.summary) around.reporter.summary(outcome.summary, report);
  return outcome;
}

/** The path of the report; a run is what it is without one. */
async function reported(folder: string | null, { report, reporter }: Surroundings): Promise<string | null> {
  if (folder === null || !report) return null;
  try {
    const path = await report(folder);
    if (path !== null) reporter.json('report', { path });
    return path;
  } catch (error) {
    reporter.notice(`no report: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}
