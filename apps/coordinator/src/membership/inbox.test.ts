import { describe, expect, it } from 'vitest';
import { FleetHarness, fingerprintOf } from '../run/fleet-harness.ts';

describe('a peer that breaks the protocol', () => {
  it.each<[string, string, (worker: ReturnType<FleetHarness['connect']>) => void]>([
    ['a text frame', 'frame-malformed', (worker) => worker.bytes(Buffer.from('hello'), false)],
    ['bytes that are no frame', 'frame-malformed', (worker) => worker.bytes(new Uint8Array(2))],
    ['a message before the hello', 'message-unexpected', (worker) => worker.applied(0)],
    [
      'a second hello',
      'message-unexpected',
      (worker) => {
        worker.hello();
        worker.hello();
      },
    ],
    [
      'a second ready',
      'message-unexpected',
      (worker) => {
        worker.hello();
        worker.ready();
        worker.ready();
      },
    ],
    [
      'a resync in place of a ready',
      'message-unexpected',
      (worker) => {
        worker.hello();
        worker.says({ type: 'resync', incarnation: 3, version: 0, fingerprint: fingerprintOf(0) });
      },
    ],
    [
      'a ready with a payload',
      'payload-length',
      (worker) => {
        worker.hello();
        const ready = { type: 'ready', incarnation: 3, probe: 'ab'.repeat(32), probeMs: 1 } as const;
        worker.says(ready, [new Uint8Array(8)]);
      },
    ],
  ])('with %s is refused: %s', (_, code, breaks) => {
    const harness = new FleetHarness();
    harness.fleet.open(0);
    const worker = harness.connect('a');
    breaks(worker);
    expect([worker.refusedWith, worker.socket.closedWith]).toEqual([code, 1008]);
    worker.socket.hangUp();
    expect([harness.fleet.active, harness.fleet.workers]).toEqual([0, []]);
  });

  it('is not listened to any more', () => {
    const harness = new FleetHarness();
    const worker = harness.connect('a');
    worker.bytes(new Uint8Array(2));
    const before = worker.socket.sent.length;
    worker.hello();
    expect(worker.socket.sent).toHaveLength(before);
  });

  it('of another protocol version is told never to come back', () => {
    const worker = new FleetHarness().connect('a', { protocol: 99 });
    worker.hello();
    expect(worker.of('refuse')[0].message).toMatchObject({ code: 'protocol-version', retry: 'never' });
  });
});
