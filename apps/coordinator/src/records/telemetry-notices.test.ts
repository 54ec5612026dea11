import type { ChildMessage } from '@gradcast/config';
import { ganTask, tinyPresets } from '@gradcast/gan';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { FleetHarness, INCARNATION } from '../run/fleet-harness.ts';
import { Telemetry } from './telemetry.ts';
import { LineBudget } from '../network/line-budget.ts';

const model = ganTask(Object.values(tinyPresets)[0]);

function harness() {
  const notices: string[] = [];
  const logged: string[] = [];
  const telemetry = new Telemetry({
    task: model,
    logger: pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) }),
    tell: (message: ChildMessage) => {
      if (message.type === 'notice') notices.push(message.sentence);
    },
    samplesPerEpoch: 100,
    totalSteps: 1,
    logInterval: 1,
    workerMetricsPort: 0,
    lines: new LineBudget(() => 0),
    now: () => 0,
    wallClock: () => 0,
  });
  return { notices, logged, fleet: new FleetHarness({ events: telemetry.fleetEvents() }) };
}

describe('what the user reads of workers', () => {
  it('of a flood of refusals is a bounded log', () => {
    const { logged, fleet } = harness();
    for (let time = 0; time < 200; time++) {
      const worker = fleet.connect(`ada-${time}`);
      worker.bytes(new Uint8Array(2));
      worker.socket.hangUp();
    }
    expect(logged).toHaveLength(60);
  });

  it('is one line for a refusal that repeats itself; the log has each', () => {
    const { notices, logged, fleet } = harness();
    for (let time = 0; time < 12; time++) {
      const worker = fleet.connect('ada');
      worker.hello();
      worker.hello();
      worker.socket.emit('close');
    }
    expect(notices).toEqual(['worker ada was refused (message-unexpected): a second hello came']);
    expect(logged).toHaveLength(12);
  });

  it('has little of a peer’s own words', () => {
    const { notices, fleet } = harness();
    const [worker] = fleet.join('ada');
    worker.says({ type: 'refuse', code: 'compute-failed', sentence: 'x'.repeat(1000), retry: 'never' });
    const [other] = fleet.join('bob');
    other.says({ type: 'leave', incarnation: INCARNATION, reason: 'y'.repeat(1000) });
    const said = notices.filter((sentence) => !sentence.includes('joined'));
    expect(said).toHaveLength(2);
    for (const sentence of said) expect(sentence.length).toBeLessThan(300);
  });
});
