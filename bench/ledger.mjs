/**
 * A long ledger, made of real chained lines: how long it takes to prove it and to take its run up, and how much memory at
 * most. Once in parts, as runs write it, once as one file, as earlier versions did. It is deleted afterwards.
 *
 *     npm run bench:ledger [-- --gigabytes 5]
 *
 * The table goes to stderr, JSON to stdout; some two minutes a gigabyte.
 */
import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundle, countFlag, flagArguments, machine, printTable, scratchFolder } from './report.mjs';

const PART_BYTES = 32 * 2 ** 20;
const FORMS = { 'parts of 32 MiB': PART_BYTES, 'one file': 2 ** 50 };
const work = fileURLToPath(new URL('ledger/process.mjs', import.meta.url));

const { gigabytes } = flagArguments({ gigabytes: countFlag('gigabytes', 5) });
const scratch = await scratchFolder();
try {
  const library = await bundle('bench/ledger/library.mjs', join(scratch, 'library.mjs'));
  const run = async (...args) => JSON.parse((await promisify(execFile)('node', [work, library, ...args])).stdout);
  const before = machine();
  const results = [];
  for (const [form, partBytes] of Object.entries(FORMS)) {
    const out = join(scratch, String(partBytes));
    await mkdir(out);
    const made = await run('make', out, String(gigabytes * 1e9), String(partBytes));
    results.push({ form, ...made });
    for (const what of ['verify', 'resume', 'resume-unplaced']) {
      results.push({ form, ...(await run(what, made.result.run)) });
    }
    await rm(out, { recursive: true });
  }
  printTable([
    ['ledger', 'what', 'seconds', 'peak MiB'],
    ...results.map(({ form, what, seconds, peakMiB }) => [form, what, seconds.toFixed(2), Math.round(peakMiB)]),
  ]);
  console.log(JSON.stringify({ gigabytes, machine: before, results }, null, 2));
} finally {
  await rm(scratch, { recursive: true, force: true });
}
