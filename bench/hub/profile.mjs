/**
 * Where a coordinator's processor time went: sums up the profiles that `npm run bench:hub -- --profile FOLDER` wrote, by
 * function, each with its own time and without that of what it called.
 *
 *     node bench/hub/profile.mjs FOLDER
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { printTable } from '../report.mjs';

const ROWS = 30;

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('bench/hub/profile.mjs takes the folder that bench:hub wrote profiles to');
  process.exit(2);
}
const files = (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile')).sort();
if (files.length === 0) {
  console.error(`${folder} holds no processor profile`);
  process.exit(2);
}
for (const file of files) {
  console.error(`\n${file}`);
  printTable(rowsOf(JSON.parse(await readFile(join(folder, file), 'utf8'))));
}

function rowsOf({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const times = new Map();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const name = nameOf(byId.get(id).callFrame);
    if (name === '(idle)') continue;
    times.set(name, (times.get(name) ?? 0) + timeDeltas[index]);
    total += timeDeltas[index];
  }
  const sorted = [...times].sort(([, a], [, b]) => b - a).slice(0, ROWS);
  const row = ([name, time]) => [name, (time / 1000).toFixed(0), `${((100 * time) / total).toFixed(1)} %`];
  return [['function', 'ms', 'of busy time'], ...sorted.map(row), ['everything', (total / 1000).toFixed(0), '100 %']];
}

function nameOf({ functionName, url, lineNumber }) {
  const name = functionName === '' ? 'anonymous' : functionName;
  return url === '' ? name : `${name} (${basename(url)}:${lineNumber + 1})`;
}
