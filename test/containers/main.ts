/**
 * The shipped compose file in real containers, as root: `npm run test:containers`, `-- --short` in CI.
 *
 * Images are built from deploy/docker/Dockerfile. A run is started with one worker, scaled to three, loses one by a kill,
 * and its coordinator is stopped and made anew on its volume; Prometheus scrapes it meanwhile. It must end with the hashes
 * of the same run outside of containers. The long form also builds the image for CUDA and takes more steps at the end.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCompose } from './compose.ts';
import { Composition, logs, podman, until } from './podman.ts';

const short = process.argv.includes('--short');
/** For another try with the images that are there. */
const keepImages = process.argv.includes('--keep-images');
/** Done once all that is to happen has happened, however fast this machine is. */
const LAST_STEPS = short ? 10 : 100;
const run: Record<string, string> = {
  GRADCAST_SEED: '9',
  GRADCAST_STEPS: '1000000',
  GRADCAST_GLOBAL_BATCH: '64',
  GRADCAST_MICRO_BATCHES: '4',
  GRADCAST_SAVE_EVERY: '10',
  GRADCAST_NO_SAMPLES: '1',
};
const root = process.cwd();
const scratch = mkdtempSync(join(tmpdir(), 'gradcast-containers-'));
const began = performance.now();

function say(sentence: string): void {
  process.stdout.write(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${sentence}\n`);
}

interface Summary {
  readonly status: string;
  readonly steps: number;
  readonly parametersSha256: string;
  readonly stateSha256: string;
}

function summaryIn(runs: string): Summary | undefined {
  const [folder] = readdirSync(runs);
  const text = folder && readFileSync(join(runs, folder, 'summary.json'), 'utf8');
  return text ? (JSON.parse(text) as Summary) : undefined;
}

/** A sample of a text of metrics, summed over its labels; undefined if there is none. */
function sample(text: string, name: string): number | undefined {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return lines.length === 0
    ? undefined
    : lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

async function build(): Promise<void> {
  const targets = ['coordinator', 'worker-cpu', 'prometheus', ...(short ? [] : ['worker-cuda'])];
  await succeed(join(root, 'test', 'containers', 'images.sh'), targets, process.env);
  say('images are built');
}

/** The run by the command alone, from sources, with as many steps as it had in containers. */
async function outside(): Promise<Summary> {
  const runs = join(scratch, 'runs');
  const args = ['train', '--workers', '2', '--backend', 'wasm', '--no-progress', '--out', runs];
  await succeed(process.execPath, [join(root, 'bin', 'gradcast.mjs'), ...args], { ...process.env, ...run });
  const summary = summaryIn(runs);
  assert.ok(summary, 'no summary outside of containers');
  say(`outside of containers: ${summary.steps} steps, parameters ${summary.parametersSha256}`);
  return summary;
}

async function succeed(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(code, 0, `${program} ${args[0]} ended with ${code}`);
}

async function main(): Promise<void> {
  if (!keepImages) await build();

  const project = `gradcast-test-${randomBytes(3).toString('hex')}`;
  const token = randomBytes(32).toString('hex');
  writeFileSync(join(scratch, 'token'), token, { mode: 0o444 });
  const path = join(root, 'deploy', 'compose.yaml');
  const read = readCompose(path, readFileSync(path, 'utf8'), {
    GRADCAST_TOKEN_FILE: join(scratch, 'token'),
    COORDINATOR_IMAGE: 'localhost/gradcast-coordinator',
    WORKER_IMAGE: 'localhost/gradcast-worker-cpu',
    PROMETHEUS_IMAGE: 'localhost/gradcast-prometheus',
    INSTALL_BACKEND: 'none',
    GRADCAST_BACKEND: 'wasm',
  });
  const { coordinator } = read.services;
  const services = { ...read.services, coordinator: { ...coordinator, environment: run } };
  const composition = new Composition({ ...read, services }, project);
  await composition.create();
  try {
    await drive(composition, token);
  } catch (error) {
    for (const name of await composition.containers())
      process.stderr.write(`== ${name}\n${await logs(name, '--tail', '20')}\n`);
    throw error;
  } finally {
    await composition.remove();
  }
}

async function drive(composition: Composition, token: string): Promise<void> {
  let coordinator = await composition.start('coordinator');
  await composition.healthy(coordinator);
  say('the coordinator is healthy');
  const metrics = async () => {
    const answer = await fetch(`http://${await composition.address(coordinator)}:9464/metrics`);
    return answer.text();
  };
  const closed = (wanted: number) =>
    until(`${wanted} steps`, async () =>
      (sample(await metrics(), 'gradcast_steps_total') ?? 0) >= wanted ? true : undefined,
    );
  const workers = (wanted: number) =>
    until(`${wanted} workers`, async () => (sample(await metrics(), 'gradcast_workers') === wanted ? true : undefined));

  const prometheus = await composition.start('prometheus');
  const first = await composition.start('worker', 1);
  await closed(3);
  say('one worker trains');
  const second = await composition.start('worker', 2);
  const third = await composition.start('worker', 3);
  await workers(3);
  say('three workers are there');
  await hardened([coordinator, first, second, third], token);
  const up = await until('four targets that are up', async () => {
    const url = `http://${await composition.address(prometheus)}:9090/api/v1/query?query=sum(up)`;
    const { data } = (await (await fetch(url)).json()) as { data: { result: { value: [number, string] }[] } };
    return data.result[0]?.value[1] === '4' ? data.result[0].value[1] : undefined;
  });
  say(`Prometheus sees ${up} targets up: the coordinator and, through it, three workers`);

  await podman('kill', second);
  await workers(2);
  say('one worker is killed');
  const stopped = async () => {
    await podman('stop', coordinator);
    assert.equal(await composition.ended(coordinator), 143);
    await podman('rm', coordinator);
    return summaryIn(await composition.folder('runs'))!;
  };
  await stopped();
  coordinator = await composition.start('coordinator', 2);
  await closed(1);
  assert.match(await logs(coordinator), /resum/i);
  say('the coordinator is stopped, and one made anew goes on from its volume');
  const { steps } = await stopped();
  run.GRADCAST_STEPS = String(steps + LAST_STEPS);
  // Else one worker may end the run before the other has found it, which then looks for it in vain.
  run.GRADCAST_MIN_WORKERS = '2';
  coordinator = await composition.start('coordinator', 3);
  assert.equal(await composition.ended(coordinator), 0);
  say('a third one took it to its end');
  const summary = summaryIn(await composition.folder('runs'))!;
  for (const worker of [first, third]) assert.equal(await composition.ended(worker), 0);
  const expected = await outside();
  assert.deepEqual(
    [summary.status, summary.parametersSha256, summary.stateSha256],
    ['completed', expected.parametersSha256, expected.stateSha256],
  );
  say('the run is complete, with the hashes of the run outside of containers');
}

/** No root, nothing to write but volumes, no compiler, no token to be seen. */
async function hardened(containers: readonly string[], token: string): Promise<void> {
  for (const container of containers) {
    const probe = 'id -u; touch /opt/gradcast/x 2>/dev/null && echo writable; command -v cc c++ gcc g++ clang; true';
    assert.equal(await podman('exec', container, 'sh', '-c', probe), '10001', container);
    assert.ok(!(await podman('inspect', container)).includes(token), `${container} shows its token`);
  }
}

try {
  await main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
