/**
 * What a step gains on the native backend by running as a graph: for each preset the same micro-batches op by op and as
 * a graph, each in a process of its own with one compute thread. A measurement is load and gradient of 256 images, as a
 * worker does them; the two processes take turns, in alternating order, so that both see the same machine. Processor
 * time is given beside the wall clock: other work on the machine disturbs it less. The table goes to stderr, JSON to
 * stdout; about two minutes.
 *
 *     npm run bench:graph [-- ROUNDS]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { countArgument, loadSource, machine, median, orderOf, pairedRatio, printTable, round } from './report.mjs';

const CASES = [
  { preset: 'mnist', size: 32 },
  { preset: 'tutorial', size: 64 },
  { preset: 'classic', size: 8 },
  { preset: 'classic', size: 64 },
];
const IMAGES = 256;
const WARM_UP = 3;
const MODES = ['eager', 'graph'];

if (process.send) await contend(process.argv[2]);
else await compare(countArgument(process.argv[2], 15, 'bench:graph takes the number of rounds, 1 or more'));

/** The parent: asks one contestant after the other. */
async function compare(rounds) {
  const contestants = new Map(MODES.map((mode) => [mode, start(mode)]));
  try {
    const cases = [];
    for (const wanted of CASES) cases.push(await measureCase(contestants, wanted, rounds));
    printTable(rowsOf(cases));
    console.log(JSON.stringify({ rounds, images: IMAGES, threads: 1, cases, machine: machine() }, null, 2));
  } finally {
    for (const { child } of contestants.values()) if (child.connected) child.disconnect();
  }
}

function start(mode) {
  const child = fork(fileURLToPath(import.meta.url), [mode]);
  const lost = once(child, 'exit').then(([code]) => {
    throw new Error(`the contestant ${mode} ended with exit code ${code}`);
  });
  // Whoever waits for an answer hears of it; an end after the last answer is as it should be.
  lost.catch(() => undefined);
  return { child, lost };
}

async function measureCase(contestants, wanted, rounds) {
  const first = {};
  for (const mode of MODES) first[mode] = await ask(contestants.get(mode), { ...wanted, steps: 1 });
  for (const mode of MODES) await ask(contestants.get(mode), { ...wanted, steps: WARM_UP });
  const found = { eager: [], graph: [] };
  for (let index = 0; index < rounds; index++) {
    for (const mode of orderOf(MODES, index)) {
      found[mode].push(await ask(contestants.get(mode), { ...wanted, steps: IMAGES / wanted.size }));
    }
  }
  const column = (mode, name) => found[mode].map((measured) => measured[name]);
  const summaryOf = (mode) => ({
    imagesPerSecond: round((IMAGES * 1000) / median(column(mode, 'ms'))),
    fastest: round((IMAGES * 1000) / Math.min(...column(mode, 'ms'))),
    processorMsPerStep: round((median(column(mode, 'processorMs')) * wanted.size) / IMAGES),
    firstStepMs: round(first[mode].ms),
  });
  return {
    ...wanted,
    eager: summaryOf('eager'),
    graph: summaryOf('graph'),
    gain: round(pairedRatio(column('eager', 'ms'), column('graph', 'ms'))),
    processorGain: round(pairedRatio(column('eager', 'processorMs'), column('graph', 'processorMs'))),
  };
}

async function ask({ child, lost }, question) {
  const answered = new AbortController();
  try {
    const answer = once(child, 'message', { signal: answered.signal });
    child.send(question);
    return (await Promise.race([answer, lost]))[0];
  } finally {
    answered.abort();
  }
}

function rowsOf(cases) {
  const head = ['preset', 'images', 'eager img/s', 'graph img/s', 'gain', 'gain, processor time', 'first step, ms'];
  return [
    head,
    ...cases.map(({ preset, size, eager, graph, gain, processorGain }) => [
      preset,
      size,
      Math.round(eager.imagesPerSecond),
      Math.round(graph.imagesPerSecond),
      gain.toFixed(2),
      processorGain.toFixed(2),
      `${Math.round(eager.firstStepMs)} / ${Math.round(graph.firstStepMs)}`,
    ]),
  ];
}

/** A child: computes what it is asked for until the parent leaves. */
async function contend(mode) {
  const { createEngine } = await loadSource('libs/engine/src/index.ts', { external: ['@tensorflow/*'] });
  const { loadTensorflow } = await loadSource('libs/backends-node/src/index.ts', { external: ['@tensorflow/*'] });
  const { buildModel, formulaMicroBatch, formulaParameters, presets } = await loadSource('libs/model/src/index.ts', {
    external: ['@tensorflow/*'],
  });
  const backend = await loadTensorflow({ threads: 1, graph: mode === 'graph' });
  if (backend.profile.mode !== mode) throw new Error(`there is no ${mode} mode on this machine`);
  let engine;
  let key;
  process.on('message', async ({ preset, size, steps }) => {
    const model = buildModel(presets[preset]);
    const parameters = formulaParameters(model);
    const batch = formulaMicroBatch(model, size);
    const vector = new Float32Array(model.parameters.length + model.tail.length);
    if (key !== `${preset} ${size}`) {
      engine?.dispose();
      engine = createEngine(model, backend);
      key = `${preset} ${size}`;
    }
    const cpu = process.cpuUsage();
    const began = performance.now();
    for (let step = 0; step < steps; step++) {
      engine.load(parameters);
      await engine.gradient(batch, vector);
    }
    const { user, system } = process.cpuUsage(cpu);
    process.send({ ms: performance.now() - began, processorMs: (user + system) / 1000 });
  });
  // The library keeps threads that would hold the process.
  process.once('disconnect', () => process.exit());
}
