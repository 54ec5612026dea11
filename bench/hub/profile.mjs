/**
 * Where a coordinator's processor time went: sums up the profiles that `npm run bench:hub -- --profile FOLDER` wrote. A
 * sample counts for the first stage among its callers; what belongs to none counts for its function. Start and end of the
 * process are in it.
 *
 *     node bench/hub/profile.mjs FOLDER
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { printTable } from '../report.mjs';

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
    assign: 'ledger: assigns leases',
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

const [folder] = process.argv.slice(2);
if (folder === undefined) fail('bench/hub/profile.mjs takes the folder that bench:hub wrote profiles to');
const files = await readdir(folder).catch(() => fail(`${folder} cannot be read`));
const profiles = files.filter((name) => MAIN_THREAD.test(name)).sort();
if (profiles.length === 0) fail(`${folder} holds no processor profile`);
for (const file of profiles) {
  console.error(`\n${file}\n`);
  printTable(rowsOf(JSON.parse(await readFile(join(folder, file), 'utf8'))));
}

function rowsOf({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const callerOf = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const times = new Map();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const own = byId.get(id).callFrame.functionName;
    if (own === '(idle)') continue;
    const stage = stageOf(id, byId, callerOf) ?? (own === '' ? 'anonymous functions' : own);
    times.set(stage, (times.get(stage) ?? 0) + timeDeltas[index]);
    total += timeDeltas[index];
  }
  const sorted = [...times].sort(([, a], [, b]) => b - a).slice(0, ROWS);
  const row = ([name, time]) => [name, (time / 1000).toFixed(0), `${((100 * time) / total).toFixed(1)} %`];
  return [['what', 'ms', 'of busy time'], ...sorted.map(row), row(['everything', total])];
}

function stageOf(id, byId, callerOf) {
  for (let at = id; at !== undefined; at = callerOf.get(at)) {
    const { functionName, url } = byId.get(at).callFrame;
    const stage = STAGES.get(functionName);
    // Kernels' names are common words: only our own build's are meant.
    if (stage && (url.includes('/dist/') || !stage.startsWith('kernel'))) return stage;
  }
  return undefined;
}

function fail(sentence) {
  console.error(sentence);
  process.exit(2);
}
