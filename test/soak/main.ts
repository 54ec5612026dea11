/**
 * `npm run soak -- --minutes 120 --seed S`: one coordinator from beginning to end, three workers under kills, stops and
 * broken links, one worker that nobody disturbs, and hostile peers with a credential of their own.
 * Reads what coordinator and undisturbed worker hold, and how quickly `/healthz` answers. Exit code 1 if anything leaks, a
 * process ended unasked, the ledger proves nothing, or the first steps are not those of a run that nobody disturbed.
 */
import { writeFile } from 'node:fs/promises';
import { deadPort } from '@gradcast/testing';
import type { GradcastProcess } from '@gradcast/testing';
import { learn } from '../attack/learn.ts';
import { Cast } from '../chaos/cast.ts';
import { Chaos } from '../chaos/chaos.ts';
import { closeOnSignal, durationOf } from '../chaos/command.ts';
import { ALL_KINDS } from '../chaos/plan.ts';
import { harass } from './hostiles.ts';
import { isProven } from './proof.ts';
import { findingsOf, report } from './report.ts';
import { Watch } from './watch.ts';

const LONG_SECONDS = 86_400;
const TERMS = { preset: 'dcgan', seed: 3, microBatchSize: 16, microBatches: 4 };
const SECRETS = { own: 'own-worker-secret-0123456789', stranger: 'stranger-secret-0123456789' };
/** A coordinator that is ended or stopped holds nothing: it is left alone. */
const KINDS = ALL_KINDS.filter((kind) => !kind.startsWith('coordinator'));

/** Workers stand for other machines: they leave the coordinator the processor when it wants it. */
const ASIDE = ['nice', '-n', '10'];

const say = (line: string) => process.stdout.write(`${line}\n`);

process.exitCode = (await soak(durationOf('soak', { minutes: 120, most: 10_080 }))) ? 0 : 1;

async function soak({ minutes, seed }: { minutes: number; seed: number }): Promise<boolean> {
  const workerEnv = { GRADCAST_TOKEN: SECRETS.own };
  const healthPort = await deadPort();
  const flags = `--token-file credentials --health-port ${healthPort}`;
  const cast = await Cast.create({ flags, workerEnv, workersWithin: ASIDE });
  closeOnSignal(() => cast.close());
  try {
    const { bench } = cast;
    await writeFile(bench.path('credentials'), `own worker ${SECRETS.own}\nstranger worker ${SECRETS.stranger}\n`);
    const model = (url: string) =>
      bench.start(`worker --coordinator ${url} --backend tensorflow --name model`, workerEnv);
    const honest = await learn(TERMS, model);
    const since = performance.now();
    const tell = (line: string) => say(`${((performance.now() - since) / 1000).toFixed(1)} s  ${line}`);
    const chaos = new Chaos(cast, tell);
    await chaos.start();
    const { coordinator } = cast;
    const { url, metricsUrl } = await coordinator.event('listening');
    const steady = bench.start(`worker --coordinator ${url} --backend tensorflow --name steady`, workerEnv, ASIDE);
    const over = new AbortController();
    void steady.ended(LONG_SECONDS).then(({ code, stderr }) => {
      if (!over.signal.aborted) cast.surprises.push(`worker steady ended (${code}): ${stderr}`);
    });
    const pidOf = (each: GradcastProcess, entry: string) => each.child(entry).pid;
    await coordinator.said(/steady joined/);
    const watch = new Watch(
      {
        coordinator: { pid: pidOf(coordinator, 'coordinator'), metricsUrl },
        worker: { pid: pidOf(steady, 'worker'), metricsUrl: undefined },
      },
      `http://127.0.0.1:${healthPort}/healthz`,
      tell,
    );
    const target = { url, metricsUrl, token: SECRETS.stranger, honest };
    const harassing = harass(target, { seed, over: over.signal, say: tell });
    await chaos.rage(minutes, seed, KINDS);
    over.abort();
    const played = await harassing;
    watch.stop();
    const isSound = await isProven(cast, say);
    say(report({ deeds: chaos.deeds, moments: cast.proxy.moments.all, played, watch }));
    const findings = [...cast.surprises, ...findingsOf(watch)];
    for (const finding of findings) say(`found: ${finding}`);
    return isSound && findings.length === 0;
  } finally {
    await cast.close();
  }
}
