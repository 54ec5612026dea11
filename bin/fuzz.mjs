/**
 * Fuzzes both ends of the wire: `npm run fuzz -- --frames N --seed S`, 10,000 frames a second and core at best. Prints for
 * each end what became of the frames, the slowest of them and the most memory; exit code 1 if anything was thrown that is
 * no refusal, or a bound was passed. A failure names its seed and frame.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './build.mjs';
import { loadTool } from './bundle.mjs';
import { refuseWords, wordsOf } from './words.mjs';

/** What one frame of at most 64 kB may cost on a busy machine, and what all of them together may keep. */
const SLOWEST_MS = 2_000;
const MOST_BYTES = 512 * 2 ** 20;
/** Of a hundred frames, so many go to each: decoding alone is fast, a fleet or a worker around it is not. */
const SHARES = { decoder: 70, coordinator: 20, worker: 10 };
/** A run of so many frames has a seed of its own, so that a failure can be had again soon. */
const ROUND = 50_000;

const options = { frames: { type: 'string', default: '200000' }, seed: { type: 'string', default: '1' } };
const values = wordsOf('fuzz', options);
const frames = Number(values.frames);
const seed = Number(values.seed);
if (!Number.isSafeInteger(frames) || frames < 100 || !Number.isSafeInteger(seed) || seed < 0) {
  refuseWords('fuzz', '--frames takes an integer from 100, --seed one from 0');
}

const { fuzzDecoder, fuzzFleet, fuzzWorker } = await load();
const recorded = await readRecorded();
const ends = {
  decoder: (each) => fuzzDecoder({ ...each, recorded: [...recorded.worker, ...recorded.coordinator] }),
  coordinator: (each) => fuzzFleet({ ...each, recorded: recorded.worker }),
  worker: (each) => fuzzWorker({ ...each, recorded: recorded.coordinator }),
};
let isSound = true;
for (const [end, fuzz] of Object.entries(ends)) isSound = (await report(end, fuzz)) && isSound;
process.exitCode = isSound ? 0 : 1;

async function report(end, fuzz) {
  const total = Math.ceil((frames * SHARES[end]) / 100);
  const outcomes = new Map();
  let [slowestMs, grownBytes] = [0, 0];
  const since = performance.now();
  for (let done = 0, round = 0; done < total; done += ROUND, round++) {
    const count = Math.min(ROUND, total - done);
    const one = await fuzz({ seed: seed + round, frames: count, now: () => performance.now(), usedBytes });
    for (const [outcome, times] of one.outcomes) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + times);
    slowestMs = Math.max(slowestMs, one.slowestMs);
    grownBytes = Math.max(grownBytes, one.grownBytes);
  }
  const seconds = (performance.now() - since) / 1000;
  console.log(`\n${end}: ${total} frames in ${seconds.toFixed(0)} s, seeds from ${seed}`);
  for (const [outcome, times] of [...outcomes].sort(([, a], [, b]) => b - a)) {
    console.log(`  ${outcome.padEnd(24)} ${times}`);
  }
  console.log(`  slowest frame ${slowestMs.toFixed(0)} ms, most memory ${(grownBytes / 2 ** 20).toFixed(0)} MB`);
  return slowestMs < SLOWEST_MS && grownBytes < MOST_BYTES;
}

function usedBytes() {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** The three fuzzers, bundled: they lie beside what they fuzz. */
function load() {
  const from = (path) => JSON.stringify(join(root, path));
  const contents =
    `export { fuzzDecoder } from '@gradcast/protocol/fuzzing';` +
    `export { fuzzFleet } from ${from('apps/coordinator/src/run/fleet-fuzz.ts')};` +
    `export { fuzzWorker } from ${from('libs/worker-core/src/worker-fuzz.ts')};`;
  return loadTool('fuzz', { stdin: { contents, resolveDir: root } });
}

/** Frames of real traffic by sender; test/fixtures/traffic/record.mjs made them. */
async function readRecorded() {
  const traffic = JSON.parse(await readFile(join(root, 'test/fixtures/traffic/traffic.json'), 'utf8'));
  const framesOf = (types) =>
    Object.values(types)
      .flat()
      .map((frame) => Uint8Array.from(Buffer.from(frame, 'base64')));
  return { worker: framesOf(traffic.worker), coordinator: framesOf(traffic.coordinator) };
}
