/**
 * What becomes of `train` when its own workers have ended for good: it goes on with those of others, and ends within
 * seconds, saying so, when there are none.
 */
import { Workbench } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const RUN =
  '--preset dcgan --steps 100000 --global-batch 64 --micro-batches 4 --workers 1 --log-interval 1 --no-samples --json --port 0 --metrics-port 0';
const TOKEN = { GRADCAST_TOKEN: 'a-token-for-workers-of-others' };

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.create();
});
afterEach(() => bench.endProcesses());
afterAll(() => bench.remove());

describe('train without a local worker', () => {
  it('ends within seconds and says why', async () => {
    const startedAt = performance.now();
    const ending = await bench.run(`train ${RUN} --backend cuda --out alone`);
    expect(ending.code, ending.stderr).toBe(1);
    expect(ending.stderr).toMatch(/^gradcast: .+ \[backend-unavailable\]$/m);
    expect(ending.stderr).toContain('every local worker has ended and no other is connected');
    expect(performance.now() - startedAt).toBeLessThan(60_000);
  });

  it('goes on with a worker of somebody else, until that one has left, too', async () => {
    const run = bench.start(`train ${RUN} --backend wasm --out others`, TOKEN);
    const { url } = await run.event('listening');
    const other = bench.start(`worker --backend wasm --metrics-port 0 --name other --coordinator ${url}`, TOKEN);
    await run.said(/^worker local-0 joined/);
    await run.said(/^worker other joined/);
    process.kill(run.children.find(({ parent, command }) => parent === run.pid && command.includes('worker.mjs'))!.pid);
    await run.said(/^worker local-0 left/);
    const { step } = run.events.findLast((event) => event.type === 'progress') ?? { step: 0 };
    await run.step(step + 5);
    other.signal('SIGTERM');
    expect(await other.ended()).toMatchObject({ code: 0 });
    const { code, stderr } = await run.ended();
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('every local worker has ended and no other is connected');
  });
});
