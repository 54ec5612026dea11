/**
 * Workers and coordinators that do not belong together part at once, with the exit code that tells a scheduler whether
 * to try again; those that do belong together end together.
 */
import { PROTOCOL_VERSION } from '@gradcast/protocol';
import { deadPort, laterCoordinator, laterWorker, webServer, Workbench } from '@gradcast/testing';
import type { Ending, FakeServer } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const RUN = '--steps 2 --global-batch 64 --micro-batches 4 --json --port 0 --metrics-port 0 --no-samples';
const WORKER = 'worker --backend wasm --metrics-port 0';

let bench: Workbench;
const servers: FakeServer[] = [];
beforeAll(async () => {
  bench = await Workbench.create();
});
afterEach(async () => {
  await bench.endProcesses();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(() => bench.remove());

function expectRefusal({ code, stdout, stderr }: Ending, expected: { code: number; why: string }): void {
  expect(code, stderr).toBe(expected.code);
  expect(stdout).toBe('');
  const errors = stderr.split('\n').filter((line) => line.startsWith('gradcast:'));
  expect(errors).toEqual([expect.stringMatching(new RegExp(`^gradcast: .+ \\[${expected.why}\\]$`))]);
  expect(stderr).not.toMatch(/^\s+at /m);
}

describe('a worker', () => {
  it.each<{ token: string; env: Record<string, string>; why: string }>([
    { token: 'the wrong', env: { GRADCAST_TOKEN: 'wrong-secret-wrong-secret' }, why: 'token-wrong' },
    { token: 'no', env: {}, why: 'token-missing' },
  ])('with $token token is sent away, and the run goes on without it', async ({ env, why }) => {
    const token = { GRADCAST_TOKEN: 'right-secret-right-secret' };
    const run = bench.start(`coordinator ${RUN} --out ${why}`, token);
    const { url } = await run.event('listening');
    expectRefusal(await bench.run(`${WORKER} --coordinator ${url}`, env), { code: 1, why });
    const admitted = bench.start(`${WORKER} --coordinator ${url}`, token);
    // At the end every worker is told so: nobody is left trying to reach a run that is over.
    expect(await run.ended()).toMatchObject({ code: 0 });
    expect(await admitted.ended()).toMatchObject({ code: 0, stdout: '' });
    expect(run.output).not.toContain('right-secret');
    expect(admitted.output).not.toContain('right-secret');
  });

  it('that finds a web server ends at once', async () => {
    const server = await webServer();
    servers.push(server);
    const ending = await bench.run(`${WORKER} --coordinator ${server.url}`);
    expectRefusal(ending, { code: 1, why: 'not-a-coordinator' });
  });

  it.each([
    { answer: 'refuses', why: 'protocol-version' },
    { answer: 'welcomes', why: 'message-invalid' },
  ] as const)('whose coordinator $answer it in a later protocol ends at once', async ({ answer, why }) => {
    const server = await laterCoordinator(answer);
    servers.push(server);
    expectRefusal(await bench.run(`${WORKER} --coordinator ${server.url}`), { code: 1, why });
  });

  it('whose hello is not understood ends at the second time', async () => {
    const server = await laterCoordinator('rejects');
    servers.push(server);
    const ending = await bench.run(`${WORKER} --coordinator ${server.url} --reconnect-seconds 300`);
    expectRefusal(ending, { code: 1, why: 'message-invalid' });
    expect(ending.stderr.match(/not one of the protocol/g)).toHaveLength(2);
  });

  it('that finds nobody exits 75, at once or after trying', async () => {
    const url = `ws://127.0.0.1:${await deadPort()}`;
    const once = await bench.run(`${WORKER} --coordinator ${url} --reconnect-seconds 0`);
    expectRefusal(once, { code: 75, why: 'unreachable' });
    expect(once.stderr).not.toContain('trying again');
    const patient = await bench.run(`${WORKER} --coordinator ${url} --reconnect-seconds 1`);
    expectRefusal(patient, { code: 75, why: 'unreachable' });
    expect(patient.stderr).toMatch(/cannot be reached \(ECONNREFUSED\); trying again$/m);
    // One line for one trouble, however many tries.
    expect(patient.stderr.match(/trying again/g)).toHaveLength(1);
  });

  it('whose coordinator is killed tries to reach it, then exits 75', async () => {
    const run = bench.start(`coordinator ${RUN} --steps 100000 --out killed`);
    const { url } = await run.event('listening');
    const worker = bench.start(`${WORKER} --coordinator ${url} --reconnect-seconds 1`);
    await run.said(/^worker \S+ joined/);
    process.kill(run.child('coordinator').pid, 'SIGKILL');
    expectRefusal(await worker.ended(), { code: 75, why: 'unreachable' });
    expect(worker.output).toContain('trying again');
  });

  it('that is told to stop says goodbye and exits 0', async () => {
    const run = bench.start(`coordinator ${RUN} --steps 100000 --out goodbye`);
    const { url } = await run.event('listening');
    const worker = bench.start(`${WORKER} --coordinator ${url} --name polite`);
    await run.said(/^worker polite joined/);
    worker.signal('SIGTERM');
    expect(await worker.ended()).toMatchObject({ code: 0 });
    await run.said(/^worker polite left: the worker was told to stop$/);
  });
});

describe('a coordinator', () => {
  it('refuses a worker of a later protocol by name', async () => {
    const run = bench.start(`coordinator ${RUN} --out later`);
    const { url } = await run.event('listening');
    const both = `the coordinator speaks protocol ${PROTOCOL_VERSION}, the worker ${PROTOCOL_VERSION + 1}`;
    expect(await laterWorker(url)).toEqual({
      type: 'refuse',
      code: 'protocol-version',
      sentence: expect.stringContaining(`${both}: `) as string,
      retry: 'never',
    });
  });
});
