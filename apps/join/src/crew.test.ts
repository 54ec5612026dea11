import { describe, expect, it } from 'vitest';
import { Crew } from './crew.ts';
import type { CrewMember } from './crew.ts';
import type { MemberState } from './member.ts';
import type { Settings } from './messages.ts';

const SETTINGS: Settings = { workers: 2, share: 0.5, gpu: false };

class FakeMember implements CrewMember {
  readonly name: string;
  readonly gpu: boolean;
  readonly session = null;
  readonly did: string[] = [];
  state: MemberState = { name: 'resting' };
  settle: () => void = () => undefined;

  constructor(name: string, gpu: boolean) {
    this.name = name;
    this.gpu = gpu;
  }

  start = () => void this.did.push('start');
  pause = () => this.#goes('pause');
  end = () => this.#goes('end');
  limit = (share: number) => void this.did.push(`limit ${share}`);
  hurry = () => void this.did.push('hurry');

  #goes(what: string): Promise<void> {
    this.did.push(what);
    return new Promise((resolve) => (this.settle = resolve));
  }
}

function crewOf() {
  const clock = { now: 100_000, idleMs: Infinity };
  const made: FakeMember[] = [];
  const crew = new Crew({
    createMember: (name, gpu) => {
      const member = new FakeMember(name, gpu);
      made.push(member);
      return member;
    },
    now: () => clock.now,
    idleMs: () => clock.idleMs,
  });
  const are = (...states: MemberState[]) => states.forEach((state, i) => (made[i].state = state));
  return { crew, made, clock, are };
}

const member = (since: number, work: Extract<MemberState, { name: 'member' }>['work'] = 'running'): MemberState => {
  return { name: 'member', since, work };
};

describe('a crew', () => {
  it('is nobody before it is started', () => {
    const { crew, made } = crewOf();
    crew.change(SETTINGS);
    crew.hurry();
    crew.pause();
    expect([made, crew.stage]).toEqual([[], { name: 'idle' }]);
  });

  it('has as many workers as the visitor wants, each at its share', () => {
    const { crew, made } = crewOf();
    crew.start(SETTINGS);
    expect(made.map(({ name, did }) => [name, did[0], did.includes('limit 0.5')])).toEqual([
      ['tab', 'start', true],
      ['tab-2', 'start', true],
    ]);
    crew.change({ ...SETTINGS, workers: 3, share: 0.2 });
    expect(made.map(({ did }) => did.at(-1))).toEqual(Array(3).fill('limit 0.2'));
    expect(made[2].did[0]).toBe('start');
    crew.change({ ...SETTINGS, workers: 1 });
    expect(made.map(({ did }) => did.includes('end'))).toEqual([false, true, true]);
  });

  it('is one worker on a graphics processor, and others than before', () => {
    const { crew, made } = crewOf();
    crew.start(SETTINGS);
    crew.change({ ...SETTINGS, gpu: true });
    expect(made.map(({ gpu, did }) => [gpu, did.includes('end')])).toEqual([
      [false, true],
      [false, true],
      [true, false],
    ]);
  });

  it('starts nobody while it is paused, and all when it goes on', async () => {
    const { crew, made } = crewOf();
    crew.start(SETTINGS);
    crew.pause();
    expect(crew.stage).toEqual({ name: 'pausing' });
    for (const each of made) each.settle();
    await Promise.resolve();
    await Promise.resolve();
    expect(crew.stage).toEqual({ name: 'paused' });
    crew.change({ ...SETTINGS, workers: 3 });
    expect(made[2].did).not.toContain('start');
    crew.start({ ...SETTINGS, workers: 3 });
    expect(made.map(({ did }) => did.includes('start'))).toEqual([true, true, true]);
  });

  it('is nobody again when the visitor leaves', async () => {
    const { crew, made } = crewOf();
    crew.start(SETTINGS);
    crew.leave();
    expect(made.every(({ did }) => did.includes('end'))).toBe(true);
    for (const each of made) each.settle();
    await Promise.resolve();
    await Promise.resolve();
    expect([crew.members, crew.stage]).toEqual([[], { name: 'idle' }]);
  });

  it('hands on that there is a hurry', () => {
    const { crew, made } = crewOf();
    crew.start(SETTINGS);
    crew.hurry();
    expect(made.map(({ did }) => did.at(-1))).toEqual(['hurry', 'hurry']);
  });
});

describe('where a crew stands', () => {
  it.each<[string, MemberState[], number, object]>([
    ['loading', [{ name: 'loading' }, { name: 'loading' }], Infinity, { name: 'loading' }],
    ['joining', [{ name: 'loading' }, { name: 'joining' }], Infinity, { name: 'joining' }],
    ['just in', [member(90_000), { name: 'joining' }], Infinity, { name: 'joining' }],
    ['at work', [member(90_000), { name: 'retrying', sentence: 'x' }], 14_999, { name: 'working' }],
    ['without work', [member(10), member(20)], 15_000, { name: 'waiting', why: 'nothing' }],
    [
      'paused by the operator',
      [member(90_000, 'paused'), member(10)],
      Infinity,
      { name: 'waiting', why: 'run-paused' },
    ],
    ['stopped', [member(90_000, 'stopping'), member(90_000)], Infinity, { name: 'waiting', why: 'run-stopping' }],
    ['parked', [member(10, 'parked'), member(10, 'parked')], Infinity, { name: 'waiting', why: 'parked' }],
    ['parked in part', [member(10, 'parked'), member(10)], Infinity, { name: 'waiting', why: 'nothing' }],
    [
      'without its graphics processor',
      [{ name: 'member', since: 0, work: 'running', lost: 'the GPU is gone' }],
      0,
      { name: 'recovering', sentence: 'the GPU is gone' },
    ],
    ['lost', [{ name: 'retrying', sentence: 'gone' }, { name: 'joining' }], 0, { name: 'retrying', sentence: 'gone' }],
  ])('%s', (_, states, idleMs, stage) => {
    const { crew, clock, are } = crewOf();
    crew.start(SETTINGS);
    are(...states);
    clock.idleMs = idleMs;
    expect(crew.stage).toEqual(stage);
  });

  it('is the end of one for all, until the visitor starts again', () => {
    const { crew, made, are } = crewOf();
    crew.start(SETTINGS);
    are(member(0), { name: 'over', how: 'refused', sentence: 'a result was wrong' });
    const end = { name: 'ended', how: 'refused', sentence: 'a result was wrong' };
    expect(crew.stage).toEqual(end);
    expect(made.map(({ did }) => did.at(-1))).toEqual(['end', 'end']);
    expect(crew.stage).toEqual(end);
    crew.start(SETTINGS);
    expect([made.length, crew.stage]).toEqual([4, { name: 'loading' }]);
  });
});
