import { describe, expect, it } from 'vitest';
import { Compute } from './compute.ts';
import type { ComputeHandlers } from './compute.ts';
import { FakeThread, PROFILE } from './fake-thread.ts';

/** Handlers that note what they are told. */
function noting(): ComputeHandlers & { readonly notes: unknown[] } {
  const notes: unknown[] = [];
  return {
    notes,
    frame: (bytes) => void notes.push(['frame', ...bytes]),
    idle: () => void notes.push('idle'),
    measured: (ms, images) => void notes.push(['measured', ms, images]),
    device: ({ kind, sentence }) => void notes.push(['device', kind, sentence]),
    failed: (code, sentence) => void notes.push([code, sentence]),
  };
}

describe('starting a compute thread', () => {
  it('ends with the profile of what it loaded', async () => {
    expect((await new FakeThread().loaded()).profile).toEqual(PROFILE);
  });

  it('fails with the code that the thread gives', async () => {
    const thread = new FakeThread();
    const compute = Compute.start(thread.start);
    thread.says({ type: 'failed', code: 'wasm-unavailable', sentence: 'there is no SIMD' });
    thread.ends('it ended with code 0');
    await expect(compute).rejects.toMatchObject({ code: 'wasm-unavailable', message: 'there is no SIMD' });
  });

  it('fails if the thread ends before it has loaded', async () => {
    const thread = new FakeThread();
    const compute = Compute.start(thread.start);
    thread.ends('it ended with code 7');
    await expect(compute).rejects.toMatchObject({ code: 'compute-failed', message: 'it ended with code 7' });
  });
});

describe('a compute thread', () => {
  it('is handed the very memory of a frame, and a copy of what shares its buffer', async () => {
    const thread = new FakeThread();
    const compute = await thread.loaded();
    const whole = Uint8Array.of(1, 2, 3);
    const shared = new Uint8Array(Uint8Array.of(9, 4, 5, 9).buffer, 1, 2);
    compute.deliver(whole);
    compute.deliver(shared);
    const frames = thread.told.map(({ message }) => (message.type === 'frame' ? message.bytes : undefined));
    expect(frames).toEqual([Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)]);
    expect(thread.told.map(({ transfer }) => transfer)).toEqual(frames.map((frame) => [frame!.buffer]));
    expect(frames[0]!.buffer).toBe(whole.buffer);
    expect(frames[1]!.buffer).not.toBe(shared.buffer);
  });

  it('is busy until it has taken all that was delivered', async () => {
    const thread = new FakeThread();
    const compute = await thread.loaded();
    const handlers = noting();
    compute.attach(handlers);
    expect(compute.busy).toBe(false);
    compute.deliver(Uint8Array.of(1));
    compute.deliver(Uint8Array.of(2));
    thread.says({ type: 'idle', taken: 1 });
    expect([compute.busy, handlers.notes]).toEqual([true, []]);
    thread.says({ type: 'idle', taken: 2 });
    expect([compute.busy, handlers.notes]).toEqual([false, ['idle']]);
  });

  it('gives frames and times to whoever is attached', async () => {
    const thread = new FakeThread();
    const compute = await thread.loaded();
    const handlers = noting();
    compute.attach(handlers);
    thread.says({ type: 'measured', computeMs: 12, images: 32 });
    thread.says({ type: 'frame', bytes: Uint8Array.of(7) });
    thread.says({ type: 'device', event: { kind: 'lost', sentence: 'it is gone' } });
    compute.disconnected();
    expect(handlers.notes).toEqual([
      ['measured', 12, 32],
      ['frame', 7],
      ['device', 'lost', 'it is gone'],
    ]);
    expect(thread.told).toEqual([{ message: { type: 'disconnected' }, transfer: [] }]);
  });

  it('fails once, for the first reason', async () => {
    const thread = new FakeThread();
    const handlers = noting();
    (await thread.loaded()).attach(handlers);
    thread.says({ type: 'failed', code: 'frame-malformed', sentence: 'no frame' });
    thread.ends('it ended with code 0');
    expect(handlers.notes).toEqual([['frame-malformed', 'no frame']]);
  });

  it('tells of a failure that came before anybody was attached', async () => {
    const thread = new FakeThread();
    const compute = await thread.loaded();
    thread.ends('it ended with code 7');
    const handlers = noting();
    compute.attach(handlers);
    expect(handlers.notes).toEqual([['compute-failed', 'it ended with code 7']]);
  });
});
