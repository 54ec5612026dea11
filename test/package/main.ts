/**
 * `npm run test:package -- [--managers npm,pnpm,yarn,yarn4] [--nodes 20,22,24] [--scripts on,off] [--demo SECONDS]`: makes the
 * package, installs it into empty folders and uses it there: two steps whose hash is known, a resumed run, the types, and a run
 * that a program starts. With `--demo`, also `npx ./gradcast-*.tgz demo`, and with `--guest` the demo of another user without a
 * cache, under this Node; that needs root. `--short` is one folder, npm and this Node. Prints a line a folder; exit code 1 if
 * one failed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refuseWords, wordsOf } from '../../bin/words.mjs';
import { Consumer, MANAGER_NAMES, NODES, type ConsumerOptions, type ManagerName } from './consumer.ts';
import { pack, type Packed } from './tarball.ts';
import { useAsGuest, useByProgram, useByTypes, useCommand, useDemo } from './uses.ts';

interface Settings {
  readonly cases: readonly ConsumerOptions[];
  /** Length of the demo; 0 for none. */
  readonly demoSeconds: number;
  /** Whether another user has the demo as well. */
  readonly guest: boolean;
}

const say = (line: string) => process.stdout.write(`${line}\n`);

process.exitCode = (await testAll(settingsOf())) ? 0 : 1;

function settingsOf(): Settings {
  const refuse = (sentence: string) => refuseWords('test:package', sentence);
  const words = wordsOf('test:package', {
    managers: { type: 'string', default: MANAGER_NAMES.join() },
    nodes: { type: 'string', default: NODES.join() },
    scripts: { type: 'string', default: 'on,off' },
    demo: { type: 'string', default: '0' },
    guest: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
  });
  const { guest, short } = words;
  const demoSeconds = Number(words.demo);
  if (!(demoSeconds >= 0)) refuse('--demo takes a number of seconds');
  if (guest && process.getuid?.() !== 0) refuse('--guest needs root: it becomes another user');
  const here = Number(process.versions.node.split('.')[0]);
  if (short) return { cases: [{ manager: 'npm', node: here, scripts: true }], demoSeconds, guest };
  const managers = words.managers.split(',') as ManagerName[];
  const nodes = words.nodes.split(',').map(Number);
  const scripts = words.scripts.split(',');
  if (!managers.every((name) => MANAGER_NAMES.includes(name)))
    refuse(`--managers takes some of ${MANAGER_NAMES.join()}`);
  if (!nodes.every((node) => (NODES as readonly number[]).includes(node)))
    refuse(`--nodes takes some of ${NODES.join()}`);
  if (!scripts.every((each) => ['on', 'off'].includes(each))) refuse('--scripts takes on, off or both');
  const cases = managers.flatMap((manager) =>
    nodes.flatMap((node) => scripts.map((each) => ({ manager, node, scripts: each === 'on' }))),
  );
  return { cases, demoSeconds, guest };
}

async function testAll({ cases, ...demos }: Settings): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'gradcast-tarball-'));
  let failures = 0;
  try {
    const packed = await pack(folder);
    say(`the package has ${(packed.bytes / 1e6).toFixed(1)} MB`);
    for (const options of cases) if (!(await tested(options, packed, demos))) failures += 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  say(`${cases.length - failures} passed, ${failures} failed`);
  return failures === 0;
}

async function tested(
  options: ConsumerOptions,
  packed: Packed,
  { demoSeconds, guest }: Omit<Settings, 'cases'>,
): Promise<boolean> {
  const name = `${options.manager}, Node ${options.node}, scripts ${options.scripts ? 'on' : 'off'}`;
  const began = performance.now();
  const consumer = await Consumer.create(options);
  try {
    await consumer.install(packed.path);
    const installed = (performance.now() - began) / 1000;
    const [run] = await Promise.all([useCommand(consumer), useByTypes(consumer)]);
    await useByProgram(consumer, run);
    const demo = demoSeconds === 0 ? '' : `; demo: ${await useDemo(consumer, packed.path, demoSeconds)}`;
    const other = guest ? `; a guest's demo: ${await useAsGuest(consumer, Math.max(1, demoSeconds))}` : '';
    const seconds = (performance.now() - began) / 1000;
    say(`${name}: passed in ${seconds.toFixed(0)} s, ${installed.toFixed(0)} of them installing${demo}${other}`);
    return true;
  } catch (error) {
    say(`${name}: failed: ${(error as Error).message}`);
    return false;
  } finally {
    await consumer.remove();
  }
}
