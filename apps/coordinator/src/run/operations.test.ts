import type { Answer, RouteRequest } from '@gradcast/metrics';
import { describe, expect, it } from 'vitest';
import type { WorkerView } from '../events.ts';
import { EventStream } from '../records/event-stream.ts';
import { RunControl } from './control.ts';
import { CoordinatorError } from '../failure.ts';
import { Acts } from './acts.ts';
import { operations } from './operations.ts';
import type { OperationsOptions } from './operations.ts';

function setUp(
  workers: readonly Pick<WorkerView, 'name' | 'state'>[] = [{ name: 'a', state: 'leased' }],
  joining?: OperationsOptions['joining'],
) {
  const control = new RunControl();
  const stream = new EventStream({ wallClock: () => 0 });
  const asked: string[] = [];
  const fleet = {
    workers: workers as WorkerView[],
    drain: (name: string, by: string) => {
      const found = workers.find((worker) => worker.name === name);
      if (!found) return 'unknown';
      if (found.state === 'leaving') return 'leaving';
      asked.push(`${name} by ${by}`);
      return 'asked';
    },
  } as const;
  const acts = new Acts({ control, stream, fleet, step: () => 4, steps: 9, minWorkers: 2 });
  const routes = operations({ acts, stream, folder: '1-2', joining });
  const answer = async (line: string, body = ''): Promise<Answer> => {
    const [method, url] = line.split(' ');
    const [path, query] = url.split('?');
    const request: RouteRequest = { query: new URLSearchParams(query), headers: {}, body };
    return routes.find((route) => route.method === method && route.path === path)!.answer(request);
  };
  /** Status and content. */
  const ask = async (line: string, body?: string): Promise<Record<string, unknown>> => {
    const answered = await answer(line, body);
    if (!('body' in answered)) throw new Error('it streams');
    return { status: answered.status, ...(JSON.parse(String(answered.body)) as object) };
  };
  return { control, stream, asked, answer, ask };
}

function running() {
  const parts = setUp();
  parts.control.apply({ kind: 'ready' });
  parts.control.apply({ kind: 'quorum-reached' });
  return parts;
}

describe('where a run stands', () => {
  it('is told with its workers, its steps and the number of the newest event', async () => {
    const { ask, stream } = setUp();
    stream.publish({ type: 'sampled', step: 3, spread: 0.2, classes: null });
    expect(await ask('GET /state')).toEqual({
      status: 200,
      state: 'setting-up',
      pausing: false,
      step: 4,
      steps: 9,
      seq: 1,
      minWorkers: 2,
      workers: [{ worker: 'a', state: 'leased' }],
    });
  });
});

describe('pause and resume', () => {
  it('wait for the open step, and change nothing when they are said again', async () => {
    const { ask, control } = running();
    expect(await ask('POST /pause')).toMatchObject({ changed: true, state: 'running', pausing: true });
    expect(await ask('POST /pause')).toMatchObject({ changed: false, state: 'running', pausing: true });
    control.apply({ kind: 'step-closed' });
    expect(await ask('POST /pause')).toMatchObject({ changed: false, state: 'paused', pausing: false });
    expect(await ask('POST /resume')).toMatchObject({ changed: true, state: 'waiting-for-workers' });
    expect(await ask('POST /resume')).toMatchObject({ changed: false, state: 'waiting-for-workers' });
  });

  it('take effect at once where no step can be computed', async () => {
    const { ask, control } = setUp();
    control.apply({ kind: 'ready' });
    expect(await ask('POST /pause')).toMatchObject({ changed: true, state: 'paused', pausing: false });
  });

  it.each(['pause', 'resume'])('%s is refused once the run ends', async (operation) => {
    const { ask, control } = running();
    control.apply({ kind: 'end' });
    const sentence = 'the run goes on no more: it is draining';
    expect(await ask(`POST /${operation}`)).toEqual({ status: 409, code: 'run-ending', sentence });
  });
});

describe('stop', () => {
  it('stops a run, a paused one as well, and is no error twice', async () => {
    const { ask, control } = running();
    await ask('POST /pause');
    control.apply({ kind: 'step-closed' });
    expect(await ask('POST /stop')).toMatchObject({ changed: true, state: 'stopping' });
    expect(await ask('POST /stop')).toMatchObject({ status: 200, changed: false, state: 'stopping' });
    expect(control.state.ending).toEqual({ kind: 'operator', operation: 'stop', by: 'the control socket' });
  });

  it('does not make a complete run a stopped one', async () => {
    const { ask, control } = running();
    control.apply({ kind: 'end' });
    expect(await ask('POST /stop')).toMatchObject({ changed: false, state: 'draining' });
    expect(control.end()).toBe('completed');
  });
});

describe('drain', () => {
  it('asks a worker to go, once', async () => {
    const { ask, asked } = setUp([
      { name: 'a', state: 'leased' },
      { name: 'b', state: 'leaving' },
    ]);
    expect(await ask('POST /drain', '{"worker":"a"}')).toMatchObject({ status: 200, changed: true });
    expect(await ask('POST /drain', '{"worker":"b"}')).toMatchObject({ status: 200, changed: false });
    expect(asked).toEqual(['a by the control socket']);
  });

  it.each(['', '{', 'null', '[]', '"a"', '{"worker":1}', '{"name":"a"}'])('needs a name: %s', async (body) => {
    expect(await setUp().ask('POST /drain', body)).toMatchObject({ status: 400, code: 'worker-missing' });
  });

  it.each([
    [0, 'nobody is'],
    [1, 'w0 is'],
    [2, 'w0, w1 are'],
    [9, 'w0, w1, w2, w3, w4, w5, w6, w7 and 1 more are'],
  ])('names some of %d workers where it knows none of that name', async (count, others) => {
    const { ask } = setUp(Array.from({ length: count }, (_, i) => ({ name: `w${i}`, state: 'idle' })));
    const sentence = `no worker "x\\n" is connected; ${others}`;
    expect(await ask('POST /drain', '{"worker":"x\\n"}')).toEqual({ status: 404, code: 'worker-unknown', sentence });
  });
});

describe('the events', () => {
  async function read(parts: ReturnType<typeof setUp>, query: string) {
    const heard: number[] = [];
    const answer = await parts.answer(`GET /events${query}`);
    if (!('stream' in answer)) throw new Error(JSON.stringify(answer));
    const leave = answer.stream({
      write: (line) => {
        expect(line.endsWith('\n')).toBe(true);
        heard.push((JSON.parse(line) as { seq: number }).seq);
      },
    });
    return { heard, leave };
  }

  it('are those after a number, then each as it happens, until the reader leaves', async () => {
    const parts = setUp();
    for (const step of [1, 2, 3]) parts.stream.publish({ type: 'sampled', step, spread: 0.2, classes: null });
    const [all, some, none] = [await read(parts, '?after=0'), await read(parts, '?after=2'), await read(parts, '')];
    parts.stream.publish({ type: 'sampled', step: 4, spread: 0.2, classes: null });
    some.leave();
    parts.stream.publish({ type: 'sampled', step: 5, spread: 0.2, classes: null });
    expect([all.heard, some.heard, none.heard]).toEqual([
      [1, 2, 3, 4, 5],
      [3, 4],
      [4, 5],
    ]);
  });

  it.each(['-1', 'x', '', '1.5', '1e3', '9'.repeat(16)])('have no number %s', async (after) => {
    expect(await setUp().ask(`GET /events?after=${after}`)).toMatchObject({ status: 400, code: 'number-invalid' });
  });
});

describe('a request by a copy of the run’s folder', () => {
  it.each(['POST /stop', 'POST /pause', 'POST /resume', 'POST /drain', 'GET /state', 'GET /events'])(
    '%s is refused',
    async (line) => {
      const { ask, control } = running();
      expect(await ask(`${line}?folder=1-3`)).toMatchObject({ status: 409, code: 'run-copied' });
      expect(control.state).toMatchObject({ name: 'running', pausing: false });
    },
  );

  it('is told from one by the folder itself', async () => {
    expect(await running().ask('POST /stop?folder=1-2')).toMatchObject({ status: 200, changed: true });
  });
});

describe('the link by which browser tabs join', () => {
  const LINK = { url: 'http://127.0.0.1:7/join#code', expires: 5 };
  /** A run whose link a test has in hand. */
  function joined() {
    const state = { link: LINK as typeof LINK | undefined, hasExpired: false, isFull: false };
    const change = () => {
      if (state.isFull) throw new CoordinatorError('join-code', 'join-code: no space left');
      return Promise.resolve();
    };
    const { ask } = setUp([], {
      get link() {
        return state.link;
      },
      get hasExpired() {
        return state.hasExpired;
      },
      revoke: async () => {
        await change();
        state.link = undefined;
        return 3;
      },
      renew: async () => {
        await change();
        Object.assign(state, { link: { ...LINK, url: 'http://127.0.0.1:7/join#other' }, hasExpired: false });
      },
    });
    return { state, ask };
  }

  it('is shown, taken back and made anew', async () => {
    const { state, ask } = joined();
    expect(await ask('GET /join')).toEqual({ status: 200, ...LINK });
    state.hasExpired = true;
    expect(await ask('GET /join')).toMatchObject({ status: 409, code: 'join-expired' });
    expect(await ask('POST /join/renew')).toMatchObject({ status: 200, url: 'http://127.0.0.1:7/join#other' });
    expect(await ask('POST /join/revoke')).toEqual({ status: 200, dismissed: 3 });
    expect(await ask('GET /join')).toMatchObject({ status: 409, code: 'join-revoked' });
  });

  it('is of a run that has one', async () => {
    const { ask } = setUp();
    for (const line of ['GET /join', 'POST /join/revoke', 'POST /join/renew']) {
      expect(await ask(line)).toMatchObject({ status: 409, code: 'join-off' });
    }
  });

  it('says what the disk says', async () => {
    const { state, ask } = joined();
    state.isFull = true;
    for (const line of ['POST /join/revoke', 'POST /join/renew']) {
      expect(await ask(line)).toEqual({ status: 500, code: 'join-code', sentence: 'join-code: no space left' });
    }
  });
});
