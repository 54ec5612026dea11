import { expect, it } from 'vitest';
import { SteerRefusals } from './steer-refusals.ts';

it('those who were not let steer are all counted, and logged as far as somebody reads it', () => {
  const counted: string[] = [];
  const logged: object[] = [];
  const clock = { now: 0 };
  const refusals = new SteerRefusals({
    count: (reason) => counted.push(reason),
    log: (line) => logged.push(line),
    now: () => clock.now,
  });
  for (let time = 0; time < 1000; time++) refusals.add('not-operator', 'ann');
  expect([counted.length, logged.length]).toEqual([1000, 60]);
  expect(logged[0]).toEqual({ who: 'ann', code: 'not-operator' });
  refusals.tick();
  expect(logged).toHaveLength(60);
  clock.now = 2000;
  refusals.tick();
  expect(logged.at(-1)).toEqual({ leftOut: 940 });
  refusals.add('view-token', '10.0.0.1');
  expect(logged.at(-1)).toEqual({ who: '10.0.0.1', code: 'view-token' });
});
