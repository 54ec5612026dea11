import { describe, expect, it } from 'vitest';
import type { Door } from './door.ts';
import { ANSWER } from './for-tests/answer.ts';
import { factsOf } from './run-facts.ts';
import { RunWatch } from './run-watch.ts';

type Run = Awaited<ReturnType<Door['run']>>;

const facts = factsOf(ANSWER)!;
const REFUSED: Run = { kind: 'refused', code: 'join-code-expired', sentence: 'this link has expired' };

function watching({
  sessions = [],
  run = { facts },
}: { readonly sessions?: readonly string[]; readonly run?: Run } = {}) {
  const asked: string[] = [];
  const heard: unknown[] = [];
  const timers: { readonly ms: number; readonly callback: () => void }[] = [];
  const stage = { run, sessions };
  const watch = new RunWatch({
    door: {
      code: 'code',
      run: (secret) => {
        asked.push(secret);
        return Promise.resolve(stage.run);
      },
      samples: (secret) => {
        asked.push(`samples ${secret}`);
        return Promise.resolve(new ArrayBuffer(3));
      },
    },
    sessions: () => stage.sessions,
    after: (ms, callback) => {
      const timer = { ms, callback };
      timers.push(timer);
      return () => {
        if (timers.includes(timer)) timers.splice(timers.indexOf(timer), 1);
      };
    },
    used: (secret, { leavesUsed }) => void heard.push([secret, leavesUsed]),
    samples: (step, png) => void heard.push(['samples', step, png.byteLength]),
    changed: () => undefined,
  });
  const ring = async () => {
    timers.shift()!.callback();
    await turns();
  };
  return { watch, asked, heard, timers, stage, ring };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

describe('a watch over the run', () => {
  it('asks by the code, then by each of its sessions in turn, and for samples that are new', async () => {
    const { watch, asked, heard, stage, ring } = watching();
    watch.now();
    await turns();
    expect(watch.facts).toEqual(facts);
    stage.sessions = ['a', 'b'];
    stage.run = { facts: { ...facts, sampleStep: 8 } };
    for (let times = 0; times < 3; times++) await ring();
    expect(asked).toEqual(['code', 'samples code', 'a', 'samples a', 'b', 'a']);
    expect(heard).toEqual([
      ['code', 7],
      ['samples', 3, 3],
      ['a', 7],
      ['samples', 8, 3],
      ['b', 7],
      ['a', 7],
    ]);
  });

  it('asks every 5 s, every 30 s without samples while nobody looks, and at once when somebody does', async () => {
    const { watch, asked, timers, ring } = watching();
    watch.now();
    await turns();
    watch.visible = false;
    expect(timers.map(({ ms }) => ms)).toEqual([30_000]);
    await ring();
    watch.visible = true;
    await turns();
    expect(asked).toEqual(['code', 'samples code', 'code', 'code']);
    expect(timers.map(({ ms }) => ms)).toEqual([5_000]);
  });

  it('asks once at a time', async () => {
    const { watch, asked, timers } = watching();
    watch.now();
    watch.now();
    await turns();
    expect([asked.filter((secret) => secret === 'code'), timers.length]).toEqual([['code'], 1]);
  });

  it('keeps what it knew through a trouble, and asks again', async () => {
    const { watch, stage, ring } = watching();
    watch.now();
    await turns();
    stage.run = { kind: 'unreachable', sentence: 'away' };
    await ring();
    expect([watch.facts, watch.trouble]).toEqual([facts, { sentence: 'away', isFinal: false }]);
    stage.run = { facts };
    await ring();
    expect(watch.trouble).toBeNull();
  });

  it('does not ask again with a code that is refused', async () => {
    const { watch, timers } = watching({ run: REFUSED });
    watch.now();
    await turns();
    expect([watch.trouble, timers]).toEqual([{ sentence: 'this link has expired', isFinal: true }, []]);
  });

  it('leaves a session that is not known any more to its worker', async () => {
    const { watch, timers } = watching({ run: REFUSED, sessions: ['a'] });
    watch.now();
    await turns();
    expect([watch.trouble, timers.length]).toEqual([null, 1]);
  });
});
