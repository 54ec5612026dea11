/**
 * The command and its processes, with processes that train nothing: who is started, restarted, told to stop, and that
 * nobody is left behind.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Result, root, start } from './command.ts';

interface LogLine {
  readonly pid: number;
  readonly message: {
    readonly type: string;
    readonly token?: string;
    readonly access?: { readonly credentials: readonly { secret: string }[] | null; readonly local: string };
  };
  readonly environmentToken: string | null;
  readonly argv: readonly string[];
}

/** A checkout in small: the built command beside fake processes. */
const checkout = mkdtempSync(join(tmpdir(), 'gradcast-orchestration-'));
const script = join(checkout, 'dist', 'fake', 'cli.mjs');

beforeAll(() => {
  const stamp = execFileSync(process.execPath, [join(root, 'bin', 'build.mjs')], { encoding: 'utf8' }).trim();
  mkdirSync(join(checkout, 'dist'));
  cpSync(join(root, 'dist', stamp), join(checkout, 'dist', 'fake'), { recursive: true });
  cpSync(join(root, 'package.json'), join(checkout, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
  for (const entry of ['coordinator', 'worker']) {
    cpSync(join(root, 'test', 'cli', 'fakes', `${entry}.mjs`), join(checkout, 'dist', 'fake', `${entry}.mjs`));
  }
});
afterAll(() => rmSync(checkout, { recursive: true }));

let runs = 0;

function begin(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const cwd = join(checkout, `run-${runs++}`);
  mkdirSync(cwd);
  const log = join(cwd, 'log');
  const running = start(args, { cwd, env: { FAKE_LOG: log, ...env }, script });
  const heard = () =>
    existsSync(log)
      ? readFileSync(log, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as LogLine)
      : [];
  return { running, heard };
}

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { running, heard } = begin(args, env);
  const result = await running.ended;
  return { ...result, log: heard() };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** What started each child; one that outlives the run by a moment is told to stop, and logs that too. */
function beginnings(log: readonly LogLine[]): LogLine[] {
  return log.filter(({ message }) => message.type !== 'stop');
}

function expectNobodyLeft(log: readonly LogLine[]): void {
  expect(log.length).toBeGreaterThan(0);
  expect(log.filter(({ pid }) => isAlive(pid))).toEqual([]);
}

const errorsOf = ({ stderr }: Result) => stderr.split('\n').filter((line) => line.startsWith('gradcast:'));

describe('train', () => {
  it('runs to the end, says the result, leaves nobody', async () => {
    const result = await run(['train', '--workers', '2'], { FAKE_WORKERS: '2' });
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(/^completed at step 1 of 1\nrun +runs\/r\n/);
    expect(result.stderr.match(/takes the fake backend/g)).toHaveLength(1);
    expect(result.stderr).toMatch(/^step 1\/1 epoch 1\/1 /m);
    expectNobodyLeft(result.log);
  });

  it('prints JSON lines and nothing else on stdout', async () => {
    const result = await run(['train', '--workers', '1', '--json']);
    const lines = result.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string });
    expect(lines.map(({ type }) => type)).toEqual(['listening', 'progress', 'summary']);
    expect(lines.at(-1)).toMatchObject({ parametersSha256: 'aa', stateSha256: 'bb', imagesPerSecond: 32 });
  });

  it('makes a token for its own workers, in no argument and no environment', async () => {
    const { log } = await run(['train', '--workers', '2'], { FAKE_WORKERS: '2' });
    const tokens = new Set(beginnings(log).map(({ message }) => message.token ?? message.access?.local));
    expect(tokens.size).toBe(1);
    const [token] = tokens;
    expect(log[0].message.access?.credentials).toEqual([]);
    expect(token!.length).toBeGreaterThanOrEqual(32);
    expect(JSON.stringify(log.map(({ argv }) => argv))).not.toContain(token);
    const other = await run(['train', '--workers', '1']);
    expect(other.log[0].message.access!.local).not.toBe(token);
  });

  it('passes a given token over the pipe only, and to the coordinator only', async () => {
    const result = await run(['train', '--workers', '1'], { GRADCAST_TOKEN: 'given-secret-0123' });
    const [coordinator, worker] = beginnings(result.log).map(({ message }) => message);
    expect(coordinator.access?.credentials).toEqual([{ name: null, role: 'worker', secret: 'given-secret-0123' }]);
    expect(worker.token).toBe(coordinator.access?.local);
    expect(beginnings(result.log).map(({ environmentToken }) => environmentToken)).toEqual([null, null]);
    expect(result.stdout + result.stderr).not.toContain('given-secret');
  });

  it('starts a worker again that dies', async () => {
    const result = await run(['train', '--workers', '2'], { FAKE_WORKERS: '2', FAKE_WORKER: 'mortal' });
    expect(result.code).toBe(0);
    expect(result.stderr).toContain('worker local-0 ended unexpectedly (killed by SIGKILL); starting it again');
    expect(result.log.filter(({ message }) => message.type === 'work')).toHaveLength(3);
    expectNobodyLeft(result.log);
  });

  it('ends with one sentence when no worker can run', async () => {
    const result = await run(['train', '--workers', '2'], { FAKE_WORKER: 'fail' });
    expect(result.code).toBe(1);
    expect(errorsOf(result)).toEqual(['gradcast: the fake backend cannot run [backend-unavailable]']);
    expectNobodyLeft(result.log);
  });

  it('ends with the sentence of a coordinator that fails', async () => {
    const result = await run(['train', '--workers', '2'], { FAKE_COORDINATOR: 'refuse' });
    expect(result.code).toBe(1);
    expect(errorsOf(result)).toEqual(['gradcast: port 1 is in use [port-in-use]']);
    expect(result.log).toHaveLength(1);
  });

  it('ends the workers of a coordinator that dies', async () => {
    const result = await run(['train', '--workers', '2'], { FAKE_WORKERS: '2', FAKE_COORDINATOR: 'crash' });
    expect(result.code).toBe(1);
    expect(errorsOf(result)).toEqual([
      'gradcast: the coordinator ended unexpectedly (killed by SIGKILL) [coordinator-died]',
    ]);
    expectNobodyLeft(result.log);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 143],
  ] as const)('%s stops cleanly with %d', async (signal, code) => {
    const { running, heard } = begin(['train', '--workers', '2'], { FAKE_WORKERS: '2', FAKE_HOLD: '1' });
    await running.said(/all here/);
    running.kill(signal);
    const result = await running.ended;
    expect(result.code).toBe(code);
    expect(result.stdout).toMatch(/^stopped at step 1 of 1/);
    expectNobodyLeft(heard());
  });

  it('ends everything at the second signal', async () => {
    const env = { FAKE_WORKERS: '2', FAKE_HOLD: '1', FAKE_COORDINATOR: 'deaf' };
    const { running, heard } = begin(['train', '--workers', '2'], env);
    await running.said(/all here/);
    running.kill('SIGINT');
    await running.said(/once more to stop at once/);
    running.kill('SIGINT');
    const result = await running.ended;
    expect(result.code).toBe(130);
    expectNobodyLeft(heard());
  });
});

describe('coordinator', () => {
  it("exits with the run's code", async () => {
    const result = await run(['coordinator'], { FAKE_COORDINATOR: 'busy' });
    expect(result.code).toBe(75);
    expect(result.log).toHaveLength(1);
  });
});

describe('worker', () => {
  it('exits 75 with one sentence when nobody answers', async () => {
    const result = await run(['worker', '--coordinator', 'ws://127.0.0.1:1'], { FAKE_WORKER: 'lost' });
    expect(result.code).toBe(75);
    expect(errorsOf(result)).toEqual(['gradcast: nobody answers [coordinator-unreachable]']);
  });
});
