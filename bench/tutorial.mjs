/**
 * How fast the `tutorial` preset trains with two workers of one thread each, 128 images a step: the setting in which
 * other frameworks were measured (docs/log.md). A few runs, since a shared machine is noisy; about a minute.
 *
 *     npm run bench:tutorial [-- RUNS]
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countArgument, machine, root } from './report.mjs';

/** Images a second that two cores must reach. */
const TARGET = 220;
const FLAGS =
  '--preset tutorial --workers 2 --threads 1 --global-batch 128 --micro-batches 2 --steps 60 --backend tensorflow';

const runs = countArgument(process.argv[2], 3, 'bench:tutorial takes the number of runs, 1 or more');

const bin = join(root, 'bin', 'gradcast.mjs');
const out = await mkdtemp(join(tmpdir(), 'gradcast-bench-'));
try {
  const imagesPerSecond = [];
  let summary = {};
  for (let index = 0; index < runs; index++) {
    summary = await train();
    imagesPerSecond.push(summary.imagesPerSecond);
    console.error(`run ${index + 1} of ${runs}: ${summary.imagesPerSecond.toFixed(1)} images/s`);
  }
  const best = Math.max(...imagesPerSecond);
  const { parametersSha256, backend } = summary;
  console.log(
    JSON.stringify(
      {
        flags: FLAGS,
        imagesPerSecond,
        best,
        target: TARGET,
        reached: best >= TARGET,
        parametersSha256,
        backend,
        machine: machine(),
      },
      null,
      2,
    ),
  );
} finally {
  await rm(out, { recursive: true, force: true });
}

/** One run; resolves with its summary. */
function train() {
  return new Promise((resolve, reject) => {
    const args = [bin, 'train', ...FLAGS.split(' '), '--no-progress', '--json', '--sample-every', '0', '--out', out];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => {
      const line = stdout.split('\n').find((text) => text.startsWith('{"type":"summary"'));
      if (code === 0 && line) resolve(JSON.parse(line));
      else reject(new Error(`the run ended with exit code ${code}:\n${stderr}`));
    });
  });
}
