/**
 * `npm run test:package -- [--managers npm,pnpm,yarn,yarn4] [--nodes 20,22,24] [--scripts on,off] [--demo SECONDS]`: makes the
 * package, installs it into empty folders and uses it there: two steps whose hash is known, a resumed run, the types, and a run
 * that a program starts. With `--demo`, also `npx ./gradcast-*.tgz demo`. `--short` is one folder, npm and this Node. Prints a
 * line a folder; exit code 1 if one failed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Consumer, MANAGER_NAMES, NODES, type ConsumerOptions, type ManagerName } from './consumer.ts';
import { pack, type Packed } from './tarball.ts';
import { useByProgram, useByTypes, useCommand, useDemo } from './uses.ts';

interface Settings {
  readonly cases: readonly ConsumerOptions[];
  /** Length of the demo; null for none. */
  readonly demoSeconds: number | null;
}

const say = (line: string) => process.stdout.write(`${line}\n`);

const settings = settingsOf(process.argv.slice(2));
if (typeof settings === 'string') {
  process.stderr.write(`test:package: ${settings}\n`);
  process.exitCode = 2;
} else process.exitCode = (await testAll(settings)) ? 0 : 1;

function settingsOf(args: readonly string[]): Settings | string {
  try {
    const options = {
      managers: { type: 'string', default: MANAGER_NAMES.join() },
      nodes: { type: 'string', default: NODES.join() },
      scripts: { type: 'string', default: 'on,off' },
      demo: { type: 'string' },
      short: { type: 'boolean', default: false },
    } as const;
    const { values } = parseArgs({ args: [...args], options });
    const demoSeconds = values.demo === undefined ? null : Number(values.demo);
    if (demoSeconds !== null && !(demoSeconds >= 1)) return '--demo takes a number of seconds';
    const here = Number(process.versions.node.split('.')[0]);
    if (values.short) return { cases: [{ manager: 'npm', node: here, scripts: true }], demoSeconds };
    const managers = values.managers.split(',') as ManagerName[];
    const nodes = values.nodes.split(',').map(Number);
    const scripts = values.scripts.split(',');
    if (!managers.every((name) => MANAGER_NAMES.includes(name)))
      return `--managers takes some of ${MANAGER_NAMES.join()}`;
    if (!nodes.every((node) => (NODES as readonly number[]).includes(node)))
      return `--nodes takes some of ${NODES.join()}`;
    if (!scripts.every((each) => ['on', 'off'].includes(each))) return '--scripts takes on, off or both';
    const cases = managers.flatMap((manager) =>
      nodes.flatMap((node) => scripts.map((each) => ({ manager, node, scripts: each === 'on' }))),
    );
    return { cases, demoSeconds };
  } catch (error) {
    return (error as Error).message;
  }
}

async function testAll({ cases, demoSeconds }: Settings): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'gradcast-tarball-'));
  let failures = 0;
  try {
    const packed = await pack(folder);
    say(`the package has ${(packed.bytes / 1e6).toFixed(1)} MB`);
    for (const options of cases) if (!(await tested(options, packed, demoSeconds))) failures += 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  say(`${cases.length - failures} passed, ${failures} failed`);
  return failures === 0;
}

async function tested(options: ConsumerOptions, packed: Packed, demoSeconds: number | null): Promise<boolean> {
  const name = `${options.manager}, Node ${options.node}, scripts ${options.scripts ? 'on' : 'off'}`;
  const began = performance.now();
  const consumer = await Consumer.create(options);
  try {
    await consumer.install(packed.path);
    const installed = (performance.now() - began) / 1000;
    const run = await useCommand(consumer);
    await useByTypes(consumer);
    await useByProgram(consumer, run);
    const demo = demoSeconds === null ? '' : `; demo: ${await useDemo(consumer, packed.path, demoSeconds)}`;
    const seconds = (performance.now() - began) / 1000;
    say(`${name}: passed in ${seconds.toFixed(0)} s, ${installed.toFixed(0)} of them installing${demo}`);
    return true;
  } catch (error) {
    say(`${name}: failed: ${(error as Error).message}`);
    return false;
  } finally {
    await consumer.remove();
  }
}
