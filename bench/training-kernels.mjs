/**
 * Our training kernels against those that tfjs comes with, on what one GAN step of the `tutorial` preset with 64 images
 * really calls: the calls are recorded from a step, so the list is that of the model. For each backend two processes, one
 * with our kernels and one with the stock set, time every call in turn, one thread each. The table, by kernel over a whole
 * step, goes to stderr; JSON with every shape to stdout; about four minutes, most of them in one stock kernel.
 *
 *     npm run bench:training-kernels [-- --rounds 5] [--backends tensorflow,wasm]
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startProcess, withCleanUp } from './forked.mjs';
import {
  bundle,
  choicesFlag,
  countFlag,
  flagArguments,
  machine,
  median,
  orderOf,
  pairedRatio,
  printTable,
  round,
  scratchFolder,
} from './report.mjs';

const PRESET = 'tutorial';
/** A call is repeated for so long. */
const LEAST_MS = 20;
const SETS = ['own', 'stock'];

const flags = flagArguments({
  rounds: countFlag('rounds', 5),
  backends: choicesFlag('backends', ['tensorflow', 'wasm']),
});

const scratch = await scratchFolder();
await withCleanUp(main, () => rm(scratch, { recursive: true, force: true }));

async function main() {
  const library = pathToFileURL(await bundle('bench/backends/library.mjs', join(scratch, 'library.mjs'))).href;
  const before = machine();
  const backends = {};
  for (const backend of flags.backends) backends[backend] = await compare(library, backend);
  const table = Object.entries(backends).flatMap(([backend, { kernels }]) =>
    kernels.map((row) => ({ backend, ...row })),
  );
  printTable([
    ['backend', 'kernel', 'calls a step', 'ms a step', 'stock ms a step', 'times stock'],
    ...table.map(({ backend, kernel, calls, ownMs, stockMs, timesStock }) => [
      backend,
      kernel,
      calls,
      ownMs.toFixed(2),
      stockMs?.toFixed(2) ?? 'not there',
      timesStock?.toFixed(2) ?? '',
    ]),
  ]);
  console.log(JSON.stringify({ preset: PRESET, rounds: flags.rounds, machine: before, backends }, null, 2));
}

async function compare(library, backend) {
  const children = Object.fromEntries(
    SETS.map((set) => [set, startProcess(fileURLToPath(new URL('backends/kernels.mjs', import.meta.url)))]),
  );
  for (const set of SETS) await children[set].ask({ type: 'load', library, backend, set }, 'loaded');
  const { cases } = await children.own.ask({ type: 'record', preset: PRESET }, 'recorded');
  const times = cases.map(() => ({ own: [], stock: [] }));
  const lacks = new Map();
  for (let index = 0; index < flags.rounds; index++) {
    for (const [number, { kernel, convolution, operands }] of cases.entries()) {
      for (const set of orderOf(SETS, index)) {
        if (lacks.has(kernel) && set === 'stock') continue;
        const { ms, lacks: reason } = await children[set].ask(
          { type: 'time', kernel, convolution, operands, leastMs: LEAST_MS },
          'timed',
        );
        if (reason !== undefined && set === 'own') throw new Error(reason);
        if (reason === undefined) times[number][set].push(ms);
        else lacks.set(kernel, reason);
      }
    }
    console.error(`${backend}, round ${index + 1} of ${flags.rounds}`);
  }
  for (const set of SETS) children[set].kill();
  const names = [...new Set(cases.map(({ kernel }) => kernel))];
  const numbersOf = (name) => [...cases.keys()].filter((number) => cases[number].kernel === name);
  const convolutions = [...cases.keys()].filter((number) => cases[number].convolution);
  const comparable = convolutions.every((number) => !lacks.has(cases[number].kernel));
  return {
    kernels: [
      ...names.map((name) => summaryOf(name, numbersOf(name), { cases, times, lacks })),
      ...(comparable ? [summaryOf('all of convolutions', convolutions, { cases, times, lacks })] : []),
    ],
    cases: cases.map(({ kernel, convolution, operands, calls }, number) => ({
      kernel,
      convolution,
      operands,
      calls,
      ownMs: round(median(times[number].own)),
      ...(lacks.has(kernel) ? { lacks: lacks.get(kernel) } : { stockMs: round(median(times[number].stock)) }),
    })),
  };
}

/** One kernel over all its calls of a step. */
function summaryOf(kernel, numbers, { cases, times, lacks }) {
  const calls = numbers.reduce((sum, number) => sum + cases[number].calls, 0);
  const perStep = (set) =>
    Array.from({ length: flags.rounds }, (_, index) =>
      numbers.reduce((sum, number) => sum + cases[number].calls * times[number][set][index], 0),
    );
  const own = perStep('own');
  if (lacks.has(kernel)) return { kernel, calls, ownMs: round(median(own)), lacks: lacks.get(kernel) };
  const stock = perStep('stock');
  return {
    kernel,
    calls,
    ownMs: round(median(own)),
    stockMs: round(median(stock)),
    timesStock: round(pairedRatio(stock, own)),
  };
}
