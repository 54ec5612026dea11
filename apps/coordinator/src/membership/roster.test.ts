import { expect, it } from 'vitest';
import { FleetHarness } from '../run/fleet-harness.ts';

it('a worker that comes back takes its own name, and what the old connection does later changes nothing', () => {
  const harness = new FleetHarness();
  const [a] = harness.join('a');
  const session = a.of('welcome')[0].message.session;
  const again = harness.connect('a');
  again.hello(session);
  again.ready();
  again.applied(0);
  a.socket.hangUp();
  expect(harness.fleet.workers.map(({ name, state }) => [name, state])).toEqual([['a', 'idle']]);
  const stranger = harness.connect('a');
  stranger.hello();
  expect(stranger.of('welcome')[0].message.worker).toBe('a-2');
  again.socket.hangUp();
  const heir = harness.connect('a');
  heir.hello();
  expect(heir.of('welcome')[0].message.worker).toBe('a');
});
