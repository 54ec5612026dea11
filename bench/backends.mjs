/**
 * How many images a second one thread computes: whole GAN steps of an engine, with upload of the parameters and read-back
 * of the gradient, for each preset and each backend of this machine. Every backend runs in a process of its own; they take
 * turns. Beside images per second stand images per second of processor time, which other work on the machine disturbs less.
 * The table goes to stderr, JSON to stdout; about two minutes.
 *
 *     npm run bench:backends [-- --rounds 5] [--seconds 3] [--presets mnist,tutorial,classic]
 *                            [--backends cuda,webgpu,tensorflow,wasm] [--software yes]
 *
 * A software adapter of WebGPU, which is for tests, is measured only with `--software yes`, and then with the fewest images.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from '../bin/build.mjs';
import { startProcess, withCleanUp } from './forked.mjs';
import {
  bundle,
  choicesFlag,
  countFlag,
  flagArguments,
  machine,
  median,
  orderOf,
  printTable,
  round,
  scratchFolder,
  target,
} from './report.mjs';

const PRESETS = ['mnist', 'tutorial', 'classic'];
const CANDIDATES = ['cuda', 'webgpu', 'tensorflow', 'wasm'];
/** Images a second that WebAssembly must reach on one thread. */
const WASM_TARGETS = { tutorial: 25, mnist: 80 };
/** The fewest that every preset takes. */
const SOFTWARE_IMAGES = 16;

const flags = flagArguments({
  rounds: countFlag('rounds', 5),
  seconds: countFlag('seconds', 3),
  presets: choicesFlag('presets', PRESETS),
  backends: choicesFlag('backends', CANDIDATES),
  software: (text) => choicesFlag('software', ['yes', 'no'], ['no'])(text).includes('yes'),
});

const scratch = await scratchFolder();
await withCleanUp(main, () => rm(scratch, { recursive: true, force: true }));

async function main() {
  const library = pathToFileURL(await bundle('bench/backends/library.mjs', join(scratch, 'library.mjs'))).href;
  const before = machine();
  const { backends, skipped } = await find(library);
  const turns = [];
  for (let index = 0; index < flags.rounds; index++) {
    for (const preset of flags.presets) {
      for (const backend of orderOf(backends, index)) {
        const { child, software } = backend;
        const images = software ? SOFTWARE_IMAGES : undefined;
        const seconds = flags.seconds;
        const turn = await child.ask({ type: 'train', preset, images, seconds }, 'trained');
        turns.push({ ...turn, preset, backend: backend.candidate });
      }
    }
    console.error(`round ${index + 1} of ${flags.rounds}`);
  }
  const results = flags.presets.flatMap((preset) =>
    backends.map(({ candidate }) => summaryOf(turns, preset, candidate)),
  );
  printTable([
    ['preset', 'backend', 'device', 'images/s', 'fastest', 'images/s of processor time'],
    ...results.map(({ preset, backend, imagesPerSecond, fastest, imagesPerCpuSecond }) => [
      preset,
      backend,
      backends.find(({ candidate }) => candidate === backend).profile.device,
      imagesPerSecond.toFixed(1),
      fastest.toFixed(1),
      imagesPerCpuSecond.toFixed(1),
    ]),
  ]);
  for (const { candidate, reason } of skipped) console.error(`${candidate} was not measured: ${reason}`);
  const targets = Object.entries(WASM_TARGETS).map(([preset, wanted]) => {
    const result = results.find((each) => each.preset === preset && each.backend === 'wasm');
    return target(`images a second of wasm on one thread, ${preset}`, wanted, result?.imagesPerSecond);
  });
  const { rounds, seconds } = flags;
  const profiles = Object.fromEntries(backends.map(({ candidate, profile }) => [candidate, profile]));
  const report = { rounds, seconds, threads: 1, machine: before, profiles, results, skipped, targets };
  console.log(JSON.stringify(report, null, 2));
}

function summaryOf(turns, preset, backend) {
  const own = turns.filter((turn) => turn.preset === preset && turn.backend === backend);
  const speeds = own.map(({ images, ms }) => (1000 * images) / ms);
  return {
    preset,
    backend,
    imagesPerSecond: round(median(speeds)),
    fastest: round(Math.max(...speeds)),
    imagesPerCpuSecond: round(median(own.map(({ images, cpuMs }) => (1000 * images) / cpuMs))),
  };
}

/** Starts a process for each backend that runs here, and says why others do not. */
async function find(library) {
  const { diagnose } = await import(library);
  // Asked as `gradcast doctor` asks: a library that dies or hangs does so in a process of its own.
  const { rows, gpus } = await diagnose({ probeEntry: join(await build(), 'probe.mjs') });
  const backends = [];
  const skipped = [];
  for (const { candidate, available, automatic, reason } of rows) {
    if (!flags.backends.includes(candidate)) continue;
    if (!available || (!automatic && !flags.software)) {
      skipped.push({ candidate, reason });
      continue;
    }
    const child = startProcess(fileURLToPath(new URL('backends/engine.mjs', import.meta.url)));
    const gpu = candidate === 'cuda' ? gpus.gpus[0] : undefined;
    const { profile } = await child.ask({ type: 'load', library, candidate, gpu }, 'loaded');
    backends.push({ candidate, child, profile, software: !automatic });
  }
  return { backends, skipped };
}
