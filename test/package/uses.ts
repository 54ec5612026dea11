/** What a user does with the installed package. Each throws an Error that says what went wrong. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repository } from '@gradcast/testing';
import { lastWords, type Consumer, type Ran } from './consumer.ts';

const WASM = ['--workers', '1', '--backend', 'wasm', '--no-progress', '--json'];
const SEED = 9;

/**
 * Trains two steps, whose hash every machine comes to.
 *
 * @returns the run's folder.
 */
export async function useCommand(consumer: Consumer): Promise<string> {
  const ran = await consumer.gradcast('train', '--steps', '2', '--seed', `${SEED}`, '--no-samples', ...WASM);
  const { runFolder, parametersSha256 } = summaryOf(ran);
  const text = await readFile(join(repository, 'test', 'fixtures', 'wasm', 'hashes.json'), 'utf8');
  const wanted = (JSON.parse(text) as Hashes).steps.mnist['2'].parametersSha256;
  if (parametersSha256 !== wanted) throw new Error(`two steps come to ${parametersSha256}, not ${wanted}`);
  await copyFile(join(repository, 'examples', 'autoencoder.ts'), join(consumer.folder, 'autoencoder.ts'));
  const own = await consumer.gradcast('train', '--task', 'autoencoder.ts', '--steps', '1', '--no-samples', ...WASM);
  if (own.code !== 0) throw new Error(`a task of one's own: ${lastWords(own)}`);
  return runFolder;
}

interface Hashes {
  readonly steps: { readonly mnist: Readonly<Record<'2', { readonly parametersSha256: string }>> };
}

const PROGRAM = `
import { GradcastError, train } from 'gradcast';
import type { TrainOptions, TrainingEvent } from 'gradcast';

const options: TrainOptions = { resume: process.env.RUN, steps: 5, workers: 1, backend: 'wasm', noSamples: true };
const run = await train(options);
let closed = 0;
for await (const event of run.events) if (isClosed(event)) closed++;
const { status, steps } = await run.summary;
const refusal = await train({ steps: 0 }).then(() => null, (error) => error);
console.log(JSON.stringify({ status, steps, closed, refusal: refusal instanceof GradcastError && refusal.code }));

function isClosed(event: TrainingEvent): boolean {
  return event.type === 'step-closed' && event.step > 0;
}
`;
const WANTED = { status: 'completed', steps: 5, closed: 3, refusal: 'out-of-range' };

/** Goes on with a run from a program, to five steps. */
export async function useByProgram(consumer: Consumer, run: string): Promise<void> {
  const { default: ts } = await import('typescript');
  const { outputText } = ts.transpileModule(PROGRAM.replace('process.env.RUN', JSON.stringify(run)), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  await writeFile(join(consumer.folder, 'program.mjs'), outputText);
  const ran = await consumer.node('program.mjs');
  const found = ran.code === 0 ? ran.stdout.trim() : lastWords(ran);
  if (found !== JSON.stringify(WANTED)) throw new Error(`the program says ${found}`);
}

const WRONG_PROGRAM = `import { train } from 'gradcast';\nawait train({ stepz: 1 });\nawait train({ steps: '1' });\n`;

/** Checks a program against the package's types, everything that they lead to included. */
export async function useByTypes(consumer: Consumer): Promise<void> {
  const config = {
    compilerOptions: {
      ...{
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        types: ['node'],
        typeRoots: [join(repository, 'node_modules', '@types')],
      },
      ...{ module: 'nodenext', target: 'es2022', lib: ['es2023', 'dom'] },
    },
    files: ['program.mts', 'wrong.mts', 'autoencoder.ts'],
  };
  await writeFile(join(consumer.folder, 'tsconfig.json'), JSON.stringify(config));
  await copyFile(join(repository, 'examples', 'autoencoder.ts'), join(consumer.folder, 'autoencoder.ts'));
  await writeFile(join(consumer.folder, 'program.mts'), PROGRAM);
  await writeFile(join(consumer.folder, 'wrong.mts'), WRONG_PROGRAM);
  const compiler = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
  const ran = await consumer.run(process.execPath, compiler, '-p', 'tsconfig.json', '--pretty', 'false');
  // What tfjs declares, to which a task's types lead, contradicts itself and newer DOM types: that is theirs to mend.
  const theirs = /(^|\/)node_modules\/(?!gradcast\/)/;
  const errors = ran.stdout.split('\n').filter((line) => / error TS/.test(line) && !theirs.test(line));
  const wrong = errors.filter((line) => /^wrong\.mts\((2|3),/.test(line));
  if (errors.length !== 2 || wrong.length !== 2) throw new Error(`types: ${lastWords(ran)}`);
}

/** The demo straight from the tarball. @returns what trained. */
export async function useDemo(consumer: Consumer, tarball: string, seconds: number): Promise<string> {
  return demonstrated(await consumer.npx(tarball, ...demo(seconds)));
}

/** The demo of a user who must bring the native library, and may not write to node_modules. @returns what trained. */
export async function useAsGuest(consumer: Consumer, seconds: number): Promise<string> {
  return demonstrated(await consumer.gradcastAsGuest(...demo(seconds)));
}

function demo(seconds: number): string[] {
  return ['demo', '--seconds', `${seconds}`, '--no-progress'];
}

function demonstrated(ran: Ran): string {
  if (ran.code !== 0 || !/Generated digits: .+\.png/.test(ran.stdout)) throw new Error(`the demo: ${lastWords(ran)}`);
  return /images\/s .*\((.*)\)/.exec(ran.stdout)?.[1] ?? 'unknown';
}

function summaryOf(ran: Ran): { readonly runFolder: string; readonly parametersSha256: string } {
  const line = ran.stdout.split('\n').find((text) => text.startsWith('{"type":"summary"'));
  if (ran.code !== 0 || line === undefined) throw new Error(`training failed: ${lastWords(ran)}`);
  return JSON.parse(line) as { runFolder: string; parametersSha256: string };
}
