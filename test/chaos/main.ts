/**
 * `npm run chaos -- --minutes M --seed S`: a coordinator and three workers under kills, stops, broken links and restarts,
 * every five seconds on average; then twenty quiet steps, and the same run undisturbed for comparison. Takes M minutes
 * and as long again for the comparison; exit code 1 unless both hashes are equal and the ledger proves the run.
 */
import { hashesOf, readSummary, runsIn } from '@gradcast/testing';
import { Cast, NUMBERS } from './cast.ts';
import { Chaos } from './chaos.ts';
import { closeOnSignal, durationOf } from './command.ts';
import { tableOf } from './table.ts';

const QUIET_STEPS = 20;
const LONG_SECONDS = 86_400;

const say = (line: string) => process.stdout.write(`${line}\n`);

process.exitCode = (await unleash(durationOf('chaos', { minutes: 30, most: 1440 }))) ? 0 : 1;

async function unleash({ minutes, seed }: { minutes: number; seed: number }): Promise<boolean> {
  const cast = await Cast.create({ flags: '--save-seconds 2' });
  closeOnSignal(() => cast.close());
  try {
    const since = performance.now();
    const chaos = new Chaos(cast, (line) => say(`${((performance.now() - since) / 1000).toFixed(1)} s  ${line}`));
    await chaos.start();
    await chaos.rage(minutes, seed);
    for (const surprise of cast.surprises) say(`nobody asked for this: ${surprise}`);
    const steps = (await stoppedAt(cast)) + QUIET_STEPS;
    say(`the last ${QUIET_STEPS} of ${steps} steps undisturbed`);
    await cast.startCoordinator(steps);
    cast.over();
    const { code, stderr } = await cast.coordinator.ended(LONG_SECONDS);
    if (code !== 0) say(`the coordinator ended (${code}): ${stderr}`);
    await cast.proxy.close();
    await cast.bench.endProcesses();
    const isSame = code === 0 && (await compare(cast, steps));
    const incarnations = chaos.deeds.filter(({ kind }) => /coordinator (killed|told)/.test(kind)).length + 2;
    say(`\n${chaos.deeds.length} disturbances in ${minutes} minutes, seed ${seed}, ${incarnations} coordinators\n`);
    say(tableOf(chaos.deeds, cast.proxy.moments.all));
    return isSame && cast.surprises.length === 0;
  } finally {
    await cast.close();
  }
}

/** Ends the endless run with a checkpoint. @returns its step. */
async function stoppedAt(cast: Cast): Promise<number> {
  const ending = cast.doom();
  ending.signal('SIGTERM');
  const { steps } = await ending.event('summary');
  await ending.ended();
  return steps;
}

/** Verifies the run, does it again with one worker and no disturbance, and compares. */
async function compare({ bench }: Cast, steps: number): Promise<boolean> {
  const [run] = await runsIn(bench.path('chaos'));
  const verified = await bench.run(['verify', run]);
  say(verified.code === 0 ? verified.stdout.trim() : verified.stderr.trim());
  say('the same run undisturbed, with one worker');
  const args = `train ${NUMBERS} --steps ${steps} --backend tensorflow --workers 1 --out undisturbed`;
  const { code, stderr } = await bench.start(args).ended(LONG_SECONDS);
  if (code !== 0) {
    say(`the undisturbed run ended (${code}): ${stderr}`);
    return false;
  }
  const [reference] = await runsIn(bench.path('undisturbed'));
  const [disturbed, undisturbed] = await Promise.all([run, reference].map(async (each) => readSummary(each)));
  const [ours, theirs] = [hashesOf(disturbed), hashesOf(undisturbed)];
  const isSame = ours.parametersSha256 === theirs.parametersSha256 && ours.stateSha256 === theirs.stateSha256;
  say(`parameters ${ours.parametersSha256} ${theirs.parametersSha256}`);
  say(`state      ${ours.stateSha256} ${theirs.stateSha256}`);
  say(isSame ? `both hashes are equal after ${steps} steps` : `the hashes differ after ${steps} steps`);
  return isSame && verified.code === 0;
}
