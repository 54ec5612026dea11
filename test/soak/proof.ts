/** Ends a run that was disturbed, and holds it against one that was not. */
import { readLedger } from '@gradcast/ledger';
import { runsIn } from '@gradcast/testing';
import { NUMBERS } from '../chaos/cast.ts';
import type { Cast } from '../chaos/cast.ts';

/** Steps that are done again by one worker that nobody disturbs. */
const COMPARED_STEPS = 500;
const LONG_SECONDS = 86_400;

/** @returns whether `verify` proves the run, and its first steps led to the very states of the undisturbed run. */
export async function isProven(cast: Cast, say: (line: string) => void): Promise<boolean> {
  const { bench } = cast;
  cast.over();
  const ending = cast.doom();
  ending.signal('SIGTERM');
  const { steps } = await ending.event('summary');
  await ending.ended();
  await cast.proxy.close();
  await bench.endProcesses();
  const [run] = await runsIn(bench.path('chaos'));
  const verified = await bench.run(['verify', run]);
  say(verified.code === 0 ? verified.stdout.trim() : verified.stderr.trim());
  const compared = Math.min(steps, COMPARED_STEPS);
  const args = `train ${NUMBERS} --steps ${compared} --backend tensorflow --workers 1 --out undisturbed`;
  const { code, stderr } = await bench.start(args).ended(LONG_SECONDS);
  if (code !== 0) {
    say(`the undisturbed run ended (${code}): ${stderr}`);
    return false;
  }
  const [reference] = await runsIn(bench.path('undisturbed'));
  const [ours, theirs] = [await statesOf(run), await statesOf(reference)];
  const differing = theirs.findIndex((state, index) => state !== ours[index]);
  say(
    differing < 0
      ? `the first ${theirs.length} of ${steps} steps led to the states of an undisturbed run`
      : `step ${differing + 1} led to another state than in an undisturbed run`,
  );
  return verified.code === 0 && differing < 0 && theirs.length === compared;
}

/** The fingerprint of parameters and moments after each step. */
async function statesOf(run: string): Promise<string[]> {
  const states: string[] = [];
  await readLedger(run, ({ line }) => {
    if (line.kind === 'step') states[line.step - 1] = line.state;
  });
  return states;
}
