/**
 * A whole run on processors that this machine does not have, as far as they can be told by `/proc/cpuinfo`: in a mount
 * namespace of its own where the system lets us make one, else by a file that the loader is given.
 */
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readCheckpoint } from '@gradcast/checkpoint';
import { cpuFeatures, thisCpu } from '@gradcast/backends-node';
import { repository, runsIn, Workbench } from '@gradcast/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const RUN = 'train --preset dcgan --steps 2 --global-batch 64 --micro-batches 4 --workers 2 --exact --no-samples';

/** Runs a command with another file in the place of /proc/cpuinfo. */
const FAKE = ['-m', 'sh', '-c', 'mount --bind "$0" /proc/cpuinfo && exec "$@"'];
const mayFake = process.platform === 'linux' && spawnSync('unshare', [...FAKE, '/dev/null', 'true']).status === 0;

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.create();
});
afterAll(() => bench.remove());

/** Facts of the first profile that the run's checkpoint knows. */
async function factsIn(out: string): Promise<Record<string, string>> {
  const [folder] = await runsIn(bench.path(out));
  const { info } = await readCheckpoint(join(folder, 'checkpoints', 'step-000002.safetensors'));
  const [key] = info.profile as string[];
  return Object.fromEntries(JSON.parse(key) as [string, string][]);
}

describe.each(['granite-rapids', 'haswell', 'vm-without-a-model', 'hostile-firmware'])('a run on %s', (name) => {
  it(mayFake ? 'trains, each worker with the same profile' : 'has a profile of its processor', async () => {
    const text = await readFile(join(repository, 'test', 'fixtures', 'machines', `${name}.json`), 'utf8');
    const { cpuinfo } = JSON.parse(text) as { cpuinfo: string };
    const path = bench.path(`${name}.cpuinfo`);
    await writeFile(path, `${cpuinfo}\n`);
    const amx = / amx_tile /.test(cpuinfo);
    if (!mayFake) {
      // The system lets nobody put another file there: the loader's own reading of a path is what is left.
      expect(cpuFeatures(thisCpu(path)).includes('amx_tile')).toBe(amx);
      return;
    }
    const command = [join(repository, 'bin', 'gradcast.mjs'), ...RUN.split(' '), '--backend', 'tensorflow'];
    const more = ['--port', '0', '--metrics-port', '0', '--out', bench.path(name)];
    await run('unshare', [...FAKE, path, process.execPath, ...command, ...more], { cwd: bench.path('.') });
    const facts = await factsIn(name);
    expect(facts['backend']).toBe('tensorflow');
    const digest = /^sha256:([0-9a-f]{64})$/.exec(facts['features'])?.[1];
    if (digest === undefined) {
      expect(facts['features'].length).toBeLessThanOrEqual(120);
      expect(facts['features'].includes('amx_tile')).toBe(amx);
      return;
    }
    const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)![1].split(' ');
    const vector = flags.filter((flag) => /^(sse4_2|avx|avx2|fma|avx512\w*|amx\w*)$/.test(flag)).sort();
    // The model is of os.cpus(), which reads the same file.
    const model = /^model name\s*:\s?(.*)$/m.exec(cpuinfo)?.[1].trim() ?? '';
    const candidates = [model, '', 'unknown', process.arch].map((first) =>
      createHash('sha256')
        .update([first, ...vector].join(' '))
        .digest('hex'),
    );
    expect(candidates).toContain(digest);
  });
});
