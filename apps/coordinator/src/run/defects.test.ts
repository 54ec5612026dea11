import { describe, expect, it } from 'vitest';
import { Defects } from './defects.ts';

function harness() {
  const told: string[] = [];
  const timers: { ms: number; callback: () => void }[] = [];
  const defects = new Defects({
    log: (error) => void told.push(`logged ${String(error)}`),
    fatal: (error) => void told.push(`fatal ${String(error)}`),
    after: (ms, callback) => void timers.push({ ms, callback }),
  });
  return { defects, told, timers };
}

const fails = () => {
  throw new RangeError('nobody foresaw this');
};

describe('a defect', () => {
  it('stops a run that is under way, once, and says why', () => {
    const { defects, told } = harness();
    defects.begin(() => void told.push('stopped'));
    defects.guard(fails);
    expect(told).toEqual(['logged RangeError: nobody foresaw this', 'stopped']);
    expect(defects.sentence).toBe('a defect of the coordinator ended the run: nobody foresaw this');
    defects.report(new Error('a consequence'));
    expect(told.slice(2)).toEqual(['logged Error: a consequence']);
  });

  it('is not met again and again by what is done at a pace', () => {
    const { defects, told } = harness();
    defects.begin(() => undefined);
    let ticks = 0;
    const tick = () => {
      ticks += 1;
      fails();
    };
    for (let i = 0; i < 5; i++) defects.guard(tick);
    expect([ticks, told.length]).toEqual([1, 1]);
  });

  it('ends the process if the run does not end in a minute', () => {
    const { defects, told, timers } = harness();
    defects.begin(() => undefined);
    defects.guard(fails);
    expect(timers.map(({ ms }) => ms)).toEqual([60_000]);
    timers[0].callback();
    expect(told.at(-1)).toBe('fatal RangeError: nobody foresaw this');
  });

  it('ends the process at once if no run is under way, or none can be stopped', () => {
    const early = harness();
    early.defects.report(new Error('early'));
    expect(early.told).toEqual(['logged Error: early', 'fatal Error: early']);
    const deep = harness();
    deep.defects.begin(fails);
    deep.defects.report(new Error('deep'));
    expect(deep.told.at(-1)).toBe('fatal Error: deep');
  });
});

it('what goes well is none', () => {
  const { defects, told } = harness();
  let done = 0;
  defects.guard(() => void (done += 1));
  expect([done, told, defects.sentence]).toEqual([1, [], undefined]);
});
