/**
 * What the coordinator's bookkeeping costs: milliseconds of processor time a result with N workers and N leaves, without network, gradients
 * or files. A sound coordinator's cost is the same at every N: what is done for a result depends on what it changes.
 *
 *     npm run bench:bookkeeping [-- --workers 64,128,256,512,1024] [--rounds 5] [--audit 0.1]
 *
 * Median of rounds, each a step, after four thousand results that are not measured. The table goes to stderr, JSON to stdout; some seconds.
 */
import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { BenchFleet } from './bookkeeping/fleet.mjs';
import {
  bundle,
  countFlag,
  flagArguments,
  machine,
  median,
  printTable,
  round,
  scratchFolder,
  target,
} from './report.mjs';

/** Milliseconds a result, and the fleet at which it must hold. */
const MOST_MS = 0.1;
const FLEET = 512;
/** Results that go before, so that what is measured is compiled. */
const WARM_UP = 4000;

const flags = flagArguments({
  workers: (text) => (text ?? '64,128,256,512,1024').split(',').map(countOfWorkers),
  rounds: countFlag('rounds', 5),
  audit: (text) => share(text ?? '0.1'),
});

const scratch = await scratchFolder();
try {
  await main();
} finally {
  await rm(scratch, { recursive: true, force: true });
}

async function main() {
  const library = await import(
    pathToFileURL(await bundle('bench/bookkeeping/library.mjs', join(scratch, 'library.mjs'))).href
  );
  const before = machine();
  const rates = flags.audit === 0 ? [0] : [0, flags.audit];
  const results = rates.flatMap((auditRate) =>
    flags.workers.map((workers) => measure(library, { workers, auditRate })),
  );
  const head = ['workers', 'audited', 'ms a step', 'results a step', 'ms a result'];
  printTable([
    head,
    ...results.map(({ workers, auditRate, msPerStep, resultsPerStep, msPerResult }) => [
      workers,
      `${Math.round(100 * auditRate)} %`,
      msPerStep.toFixed(1),
      Math.round(resultsPerStep),
      msPerResult.toFixed(4),
    ]),
  ]);
  const goals = results.filter(({ workers }) => workers === FLEET);
  const targets = goals.map(({ auditRate, msPerResult }) =>
    // A goal is reached when it is exceeded, so it is stated as results a millisecond.
    target(`results a millisecond with ${FLEET} workers, ${auditRate} audited`, 1 / MOST_MS, 1 / msPerResult),
  );
  console.log(JSON.stringify({ rounds: flags.rounds, machine: before, results, targets }, null, 2));
}

function measure(library, { workers, auditRate }) {
  const fleet = new BenchFleet(library, { workers, auditRate });
  for (let results = 0; results < WARM_UP;) results += fleet.step().results;
  const steps = Array.from({ length: flags.rounds }, () => fleet.step());
  const msPerStep = median(steps.map(({ ms }) => ms));
  const resultsPerStep = median(steps.map(({ results }) => results));
  const msPerResult = median(steps.map(({ ms, results }) => ms / results));
  return { workers, auditRate, msPerStep: round(msPerStep), resultsPerStep, msPerResult };
}

function countOfWorkers(text) {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && Number.isInteger(Math.log2(count))) return count;
  throw new Error('--workers takes powers of two, separated by commas');
}

function share(text) {
  const rate = Number(text);
  if (rate >= 0 && rate <= 1) return rate;
  throw new Error('--audit takes a share between 0 and 1');
}
