/** The commands `train` and `coordinator`: a run, and what is said at its end. */
import type { ResolvedCoordinator, ResolvedTrain } from '@gradcast/config';
import { localSocket } from './local-socket.ts';
import { type RunOutcome, type RunPlan, supervise, type Surroundings } from './supervise.ts';

/**
 * A coordinator with local workers.
 *
 * @param secret makes the token of a run that was given none, so that nobody else on this machine can join it.
 * @returns the exit code.
 */
export async function runTrain(run: ResolvedTrain, around: Surroundings, secret: () => string): Promise<number> {
  const { exitCode } = await train(run, around, secret);
  return exitCode;
}

/** As {@link runTrain}, with the summary. */
export async function train(run: ResolvedTrain, around: Surroundings, secret: () => string): Promise<RunOutcome> {
  const socket = await localSocket();
  const local = { count: run.workers, config: run.worker, socket: socket?.path ?? null };
  try {
    return await tell({ coordinator: run.coordinator, token: run.token ?? secret(), local }, around);
  } finally {
    await socket?.remove();
  }
}

/** @returns the exit code. */
export async function runCoordinator(run: ResolvedCoordinator, around: Surroundings): Promise<number> {
  const { exitCode } = await tell({ coordinator: run.coordinator, token: run.token, local: null }, around);
  return exitCode;
}

async function tell(plan: RunPlan, around: Surroundings): Promise<RunOutcome> {
  const outcome = await supervise(plan, around);
  if (outcome.summary) around.reporter.summary(outcome.summary);
  return outcome;
}
