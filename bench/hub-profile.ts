/**
 * Where a coordinator's processor time went: sums up the profiles that `npm run bench:hub -- --profile FOLDER` wrote. A
 * sample counts for the first stage among its callers; what belongs to none counts for its function. Start and end of the
 * process are in it.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { required } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import { BenchmarkError } from './harness/errors.ts';
import { printTable, tell } from './harness/report.ts';

/** A profile as V8 writes it. */
interface Profile {
  readonly nodes: readonly ProfileNode[];
  /** Ids of nodes, and microseconds since the sample before. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

const ROWS = 24;
/** Of the main thread: process, thread 0, sequence. */
const MAIN_THREAD = /\.\d+\.0\.\d+\.cpuprofile$/;
const STAGES = new Map(
  Object.entries({
    '(garbage collector)': 'garbage collection',
    consume: 'ws: joins the chunks of a message',
    'module.exports.unmask': 'ws: unmasks',
    writev: 'system: takes what is sent',
    writeBuffer: 'system: takes what is sent',
    onStreamRead: 'system: gives what has come',
    encodeFrame: 'protocol: encodes a frame',
    decodeFrame: 'protocol: takes a frame apart',
    safeParse: 'protocol: checks a header',
    cut: 'dataset: cuts images and noise',
    assign: 'leasing: assigns leases',
    loadDataset: 'start: loads the data',
    add: 'kernel: add',
    scale: 'kernel: scale',
    measure: 'kernel: measure',
    addAndMeasure: 'kernel: add and measure',
    adam: 'kernel: adam',
    ema: 'kernel: ema',
    fingerprint: 'kernel: fingerprint',
  }),
);

export const benchmark = defineBenchmark({
  name: 'hub-profile',
  shows: "Where a coordinator's processor time went, from the profiles that bench:hub wrote.",
  lasts: 'no time',
  words: { folder: required('FOLDER', 'the folder that bench:hub wrote profiles to') },
  flags: {},
  run: async (_, { folder }) => {
    const files = await readdir(folder).catch(() => {
      throw new BenchmarkError(`${folder} cannot be read`, { exitCode: 2 });
    });
    const profiles = files.filter((name) => MAIN_THREAD.test(name)).sort();
    if (profiles.length === 0) throw new BenchmarkError(`${folder} holds no processor profile`, { exitCode: 2 });
    for (const file of profiles) {
      tell(`\n${file}\n`);
      printTable(rowsOf(JSON.parse(await readFile(join(folder, file), 'utf8')) as Profile));
    }
    return undefined;
  },
});

function rowsOf({ nodes, samples, timeDeltas }: Profile) {
  const calls = new CallTree(nodes);
  const times = new Map<string, number>();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const own = calls.nameOf(id);
    if (own === '(idle)') continue;
    const stage = calls.stageOf(id) ?? (own === '' ? 'anonymous functions' : own);
    times.set(stage, (times.get(stage) ?? 0) + timeDeltas[index]);
    total += timeDeltas[index];
  }
  const sorted = [...times].sort(([, a], [, b]) => b - a).slice(0, ROWS);
  const row = (name: string, time: number) => [
    name,
    (time / 1000).toFixed(0),
    `${((100 * time) / total).toFixed(1)} %`,
  ];
  return [['what', 'ms', 'of busy time'], ...sorted.map(([name, time]) => row(name, time)), row('everything', total)];
}

class CallTree {
  readonly #nodes: ReadonlyMap<number, ProfileNode>;
  readonly #callers: ReadonlyMap<number, number>;

  constructor(nodes: readonly ProfileNode[]) {
    this.#nodes = new Map(nodes.map((node) => [node.id, node]));
    this.#callers = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  }

  nameOf(id: number): string {
    return this.#nodes.get(id)?.callFrame.functionName ?? '';
  }

  stageOf(id: number): string | undefined {
    for (let node = this.#nodes.get(id); node; node = this.#callerOf(node)) {
      const { functionName, url } = node.callFrame;
      const stage = STAGES.get(functionName);
      // Kernels' names are common words: only our own build's are meant.
      if (stage && (url.includes('/dist/') || !stage.startsWith('kernel'))) return stage;
    }
    return undefined;
  }

  #callerOf({ id }: ProfileNode): ProfileNode | undefined {
    const caller = this.#callers.get(id);
    return caller === undefined ? undefined : this.#nodes.get(caller);
  }
}
