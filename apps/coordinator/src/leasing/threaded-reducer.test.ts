import { EventEmitter } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { createCodec } from '@gradcast/reduction';
import type { GradientCodec } from '@gradcast/reduction';
import type { Subtree } from '@gradcast/schedule';
import { selectKernels } from '@gradcast/vector';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { builtThread } from '../built-thread.ts';
import { DirectReducer } from './reducer.ts';
import type { Reducer } from './reducer.ts';
import type { ReductionSettings, SumReply } from './reduction-messages.ts';
import { serveReductions } from './serve-reductions.ts';
import { reducerFor, ThreadedReducer } from './threaded-reducer.ts';
import type { ReductionThread } from './threaded-reducer.ts';

const TAIL = 16;
/** Of one tensor: [rows, 512]. */
function settingsOf(codec: ReductionSettings['codec'], rows = 1): ReductionSettings {
  const length = rows * 512;
  const layout = {
    parameters: { entries: [{ name: 'weights', shape: [length], offset: 0, size: length }], length },
    groups: [{ name: 'all', from: 0, to: length }],
    tail: { entries: [], length: TAIL },
  };
  return { codec, layout, seed: 3 };
}

const codecOf = ({ codec, ...options }: ReductionSettings) =>
  createCodec(codec, { ...options, kernels: selectKernels() });

/** What a subtree comes to: other numbers for each, rounded by every codec. */
function nodeOf(codec: GradientCodec, subtree: Subtree): Uint8Array {
  const node = new Uint8Array(codec.nodeBytes);
  const vector = codec.vectorFor(node);
  for (let i = 0; i < vector.length; i++) vector[i] = Math.sin((subtree.start + 1) * (i + 3)) / (subtree.size + 2);
  codec.encode(node, { step: 0, subtree });
  return node;
}

/** The thread's side in this thread, behind a real message channel. */
function served(settings: ReductionSettings): ReductionThread {
  const { port1, port2 } = new MessageChannel();
  serveReductions(port2, settings);
  return Object.assign(port1, { terminate: () => Promise.resolve(port1.close()) });
}

const open: Reducer[] = [];
afterEach(async () => {
  for (const reducer of open.splice(0)) await reducer.close();
});

function threaded(thread: ReductionThread, failed: (error: Error) => void = () => undefined): ThreadedReducer {
  const reducer = new ThreadedReducer(thread, failed);
  open.push(reducer);
  return reducer;
}

async function sumOf(reducer: Reducer, given: readonly (readonly [Subtree, Uint8Array])[]): Promise<Uint8Array> {
  const reduction = reducer.open(5, 8);
  for (const [subtree, node] of given) reduction.add(subtree, node);
  return (await reduction.total())!.sum;
}

/** All eight leaves in pieces of random size and order, and larger ones that replace what came before. */
const arrivals = fc
  .tuple(fc.constantFrom(1, 2, 4, 8), fc.array(fc.nat(), { minLength: 8, maxLength: 8 }), fc.boolean())
  .map(([size, keys, replaced]) => {
    const pieces = Array.from({ length: 8 / size }, (_, i): Subtree => ({ start: i * size, size }));
    const shuffled = pieces.toSorted((a, b) => keys[a.start] - keys[b.start]);
    return replaced && size < 4 ? [...shuffled.slice(0, -1), { start: 0, size: 4 }, { start: 4, size: 4 }] : shuffled;
  });

describe('adding in a thread', () => {
  it.each(['f32', 'bf16', 'f16', 'int8'] as const)('has the bits of adding here, in %s', async (name) => {
    const settings = settingsOf(name);
    const codec = codecOf(settings);
    const reducer = threaded(served(settings));
    const here = new DirectReducer(codec);
    await fc.assert(
      fc.asyncProperty(arrivals, async (subtrees) => {
        const given = () => {
          const covered = new Set<number>();
          const isNew = ({ start, size }: Subtree) => {
            const own = Array.from({ length: size }, (_, i) => start + i);
            const fresh = own.some((leaf) => !covered.has(leaf));
            own.forEach((leaf) => covered.add(leaf));
            return fresh;
          };
          return subtrees.filter(isNew).map((subtree) => [subtree, nodeOf(codec, subtree)] as const);
        };
        expect(await sumOf(reducer, given())).toEqual(await sumOf(here, given()));
      }),
      { numRuns: 30 },
    );
  });

  it('hands large values over and gets their sum back, from a thread of its own', async () => {
    const settings = settingsOf('f32', 1024);
    const codec = codecOf(settings);
    const halves = [0, 4].map((start) => ({ start, size: 4 }));
    const given = halves.map((subtree) => [subtree, nodeOf(codec, subtree)] as const);
    const expected = await sumOf(
      new DirectReducer(codec),
      halves.map((each) => [each, nodeOf(codec, each)] as const),
    );
    const sum = await sumOf(
      threaded(await builtThread(new URL('reduction-thread.ts', import.meta.url), settings)),
      given,
    );
    expect(Buffer.compare(sum, expected)).toBe(0);
    expect(given.map(([, node]) => node.byteLength)).toEqual([0, 0]);
  });

  it('begins each step anew, whatever is left of the one before', async () => {
    const settings = settingsOf('f32');
    const codec = codecOf(settings);
    const reducer = threaded(served(settings));
    reducer.open(4, 8).add({ start: 0, size: 4 }, nodeOf(codec, { start: 4, size: 4 }));
    const whole = { start: 0, size: 8 };
    expect(await sumOf(reducer, [[whole, nodeOf(codec, whole)]])).toEqual(nodeOf(codec, whole));
  });

  it('tells how long it took there', async () => {
    const settings = settingsOf('f32');
    const reduction = threaded(served(settings)).open(0, 1);
    reduction.add({ start: 0, size: 1 }, nodeOf(codecOf(settings), { start: 0, size: 1 }));
    expect((await reduction.total())?.elsewhereMs).toBeGreaterThanOrEqual(0);
  });
});

describe('a reduction thread that ends', () => {
  class EndingThread extends EventEmitter implements ReductionThread {
    postMessage(): void {}
    terminate = () => Promise.resolve();
    reply(reply: SumReply): void {
      this.emit('message', reply);
    }
  }

  it('is told once, and leaves no step waiting for its sum', async () => {
    const thread = new EndingThread();
    const told: string[] = [];
    const reducer = threaded(thread, ({ message }) => told.push(message));
    const total = reducer.open(0, 2).total();
    thread.emit('error', new Error('no memory'));
    thread.emit('exit', 1);
    expect(await total).toBeUndefined();
    expect(await reducer.open(1, 2).total()).toBeUndefined();
    expect(told).toEqual(['the thread that adds gradients ended: no memory']);
  });

  it('is no failure where it was closed', async () => {
    const thread = new EndingThread();
    const reducer = threaded(thread, (error) => expect.unreachable(error.message));
    const total = reducer.open(0, 2).total();
    await reducer.close();
    thread.emit('exit', 1);
    expect(await total).toBeUndefined();
  });

  it('is not believed about a step that nobody waits for', async () => {
    const thread = new EndingThread();
    const total = threaded(thread).open(1, 2).total();
    thread.reply({ step: 0, sum: Uint8Array.of(1), ms: 1 });
    thread.reply({ step: 1, sum: Uint8Array.of(2), ms: 1 });
    expect(await total).toEqual({ sum: Uint8Array.of(2), elsewhereMs: 1 });
  });
});

describe('where gradients are added', () => {
  it('is here, where they are small', () => {
    const settings = settingsOf('f32');
    expect(reducerFor(codecOf(settings), settings, () => undefined)).toBeInstanceOf(DirectReducer);
  });
});
