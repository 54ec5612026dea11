/**
 * A long ledger, made of real chained lines: how long it takes to prove it and to take its run up, and how much memory at
 * most. Once in parts, as runs write it, once as one file, as earlier versions did. It is deleted afterwards.
 */
import { rm } from 'node:fs/promises';
import { count } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import type { Harness } from './harness/harness.ts';
import { machine } from './harness/machine.ts';
import { printTable } from './harness/report.ts';
import type { Asked, Told } from './ledger/ledger-process.ts';

/** Bytes of a part, by the form of the ledger. */
const FORMS = { 'parts of 32 MiB': 32 * 2 ** 20, 'one file': 2 ** 50 };

export const benchmark = defineBenchmark({
  name: 'ledger',
  shows: 'Seconds and most memory to prove a long ledger, and to take its run up.',
  lasts: 'some two minutes a gigabyte',
  words: {},
  flags: { gigabytes: count(5, 'gigabytes of lines') },
  run: async (harness, { gigabytes }) => {
    const before = machine();
    const results = [];
    for (const [form, partBytes] of Object.entries(FORMS)) {
      const out = await harness.makeFolder('ledger');
      const made = await once(harness, { type: 'make', out, bytes: gigabytes * 1e9, partBytes });
      results.push({ form, what: 'make', ...made });
      const { run } = made.result as { readonly run: string };
      for (const type of ['verify', 'resume', 'resume-unplaced'] as const) {
        results.push({ form, what: type, ...(await once(harness, { type, run })) });
      }
      await rm(out, { recursive: true });
    }
    printTable([
      ['ledger', 'what', 'seconds', 'peak MiB'],
      ...results.map(({ form, what, seconds, peakMiB }) => [form, what, seconds.toFixed(2), Math.round(peakMiB)]),
    ]);
    return { gigabytes, machine: before, results };
  },
});

/** Does one thing in a process of its own, so that its peak memory is its own. */
async function once(harness: Harness, question: Asked) {
  const child = await harness.startProgram<Asked, Told>('ledger/ledger-process.ts');
  const { seconds, peakMiB, result } = await child.ask(question, 'done');
  await child.stop();
  return { seconds, peakMiB, result };
}
