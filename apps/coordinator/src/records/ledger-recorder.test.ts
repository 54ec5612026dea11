import { NO_TIME } from '@gradcast/config';
import { EXAMPLE } from '@gradcast/definition/example';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { openLedger, proveLedger, readLedger } from '@gradcast/ledger';
import type { PlacedLine } from '@gradcast/ledger';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LedgerRecorder } from './ledger-recorder.ts';
import type { LedgerRecorderOptions } from './ledger-recorder.ts';
import type { ClosedRecord } from './records.ts';

let path = '';
let notices: string[];
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'gradcast-recorder-'));
  notices = [];
});
afterEach(() => rm(path, { recursive: true, force: true }));

const prove = async () => (await proveLedger(await openLedger(path))).proof;

const hex = (value: number) => value.toString(16).padStart(32, '0');
const options = (changes: Partial<LedgerRecorderOptions> = {}): LedgerRecorderOptions => ({
  folder: { path, id: basename(path) },
  definition: { ...EXAMPLE, microBatchSize: 2, microBatches: 2 },
  samples: 100,
  checkpoint: undefined,
  incarnation: 1,
  exact: false,
  acceptMismatch: false,
  profileOf: (worker) => `profile of ${worker}`,
  events: { failed: () => undefined, written: () => undefined },
  notice: (sentence) => notices.push(sentence),
  ...changes,
});

const closed = (version: number, worker = 'a', average: string | null = hex(version)): ClosedRecord => ({
  version,
  samples: 4,
  averageFingerprint: average,
  history: [
    { start: 0, size: 2, worker, outcome: 'accepted', ms: 10.06, role: 'worker' },
    { start: 0, size: 1, worker: 'slow', outcome: 'late', ms: 99, role: 'worker' },
  ],
  leases: [],
  timings: { totalMs: 0, stages: {} },
  account: { totalMs: 0, phases: NO_TIME, workers: [] },
  exact: true,
});

/** A run of three steps, saved at the first; its ledger as it was when the coordinator was killed. */
async function killed(worker = 'a') {
  const recorder = await LedgerRecorder.open(options());
  recorder.closed(closed(1), hex(101));
  const ledger = recorder.position;
  recorder.closed(closed(2, worker), hex(102));
  recorder.closed(closed(3, worker, null), hex(102));
  await recorder.close();
  return { step: 1, ledger };
}

describe('LedgerRecorder', () => {
  it('gives each closed step its line, with the profiles of the results that were used', async () => {
    await killed();
    const lines: PlacedLine[] = [];
    await readLedger(path, (line) => lines.push(line));
    expect(await prove()).toMatchObject({ steps: 3, skipped: 1 });
    expect(lines[1].line).toMatchObject({ step: 1, from: 0, to: 4, outcome: 'closed', state: hex(101) });
    expect(lines[1].line).toMatchObject({ results: [{ worker: 'a', ms: 10.1 }, { outcome: 'late' }] });
    expect(lines[1].line).toMatchObject({ profiles: [expect.stringMatching(/^[0-9a-f]{16}$/)] });
    expect(lines[3].line).toMatchObject({ step: 3, outcome: 'skipped', average: null });
  });

  it('takes a resumed run back to its checkpoint and accepts steps that come out alike', async () => {
    const checkpoint = await killed();
    const recorder = await LedgerRecorder.open(options({ checkpoint, incarnation: 2 }));
    expect(recorder.position.length).toBe(3);
    recorder.closed(closed(2, 'another'), hex(102));
    recorder.closed(closed(3, 'another', null), hex(102));
    recorder.closed(closed(4), hex(104));
    await recorder.close();
    expect(notices).toEqual([]);
    expect(await prove()).toMatchObject({ steps: 4, resumed: 1 });
  });

  it.each([
    { why: 'one profile computed both', exact: false, worker: 'a' },
    { why: 'the run is exact', exact: true, worker: 'b' },
  ])('refuses a step that comes out differently where $why', async ({ exact, worker }) => {
    const checkpoint = await killed(worker);
    const recorder = await LedgerRecorder.open(options({ checkpoint, exact }));
    const sentence =
      /^step 2 done again differs from its first time: its average was 0+2 and is 0+7; --accept-redo-mismatch goes on/;
    expect(() => recorder.closed(closed(2, 'a', hex(7)), hex(102))).toThrow(
      expect.objectContaining({
        code: 'redo-mismatch',
        exitCode: 1,
        message: expect.stringMatching(sentence) as string,
      }),
    );
    await recorder.close();
    expect((await prove()).steps).toBe(1);
  });

  it('goes on with a step that comes out differently if it is told to, and the ledger says so', async () => {
    const checkpoint = await killed();
    const recorder = await LedgerRecorder.open(options({ checkpoint, acceptMismatch: true }));
    recorder.closed(closed(2, 'a', hex(7)), hex(102));
    recorder.closed(closed(3, 'a', hex(8)), hex(103));
    await recorder.close();
    expect(notices).toEqual([
      expect.stringMatching(/^step 2 done again differs .* it is accepted, and the ledger says so$/),
    ]);
    expect(await prove()).toMatchObject({ steps: 3, accepted: 1 });
    const lines: unknown[] = [];
    await readLedger(path, ({ line }) => lines.push(line));
    expect(lines[3]).toMatchObject({ kind: 'accepted', step: 2, field: 'average', before: hex(2), now: hex(7) });
  });

  it('says whose results were a volunteer’s, and which was found wrong, also after a kill', async () => {
    const recorder = await LedgerRecorder.open(options());
    const [result] = closed(1).history;
    const volunteer = { ...result, worker: 'tab', role: 'volunteer', volunteer: 'session-9' } as const;
    recorder.closed({ ...closed(1), history: [{ ...volunteer, start: 0, size: 2 }] }, hex(101));
    const ledger = recorder.position;
    const uses = [{ step: 1, start: 0, size: 2 }];
    const found = { worker: 'tab', session: 'session-9', step: 2, start: 1, size: 1, uses };
    recorder.distrusted(found);
    recorder.closed(closed(2), hex(102));
    await recorder.close();
    await (await LedgerRecorder.open(options({ checkpoint: { step: 1, ledger }, incarnation: 2 }))).close();
    const lines: unknown[] = [];
    await readLedger(path, ({ line }) => lines.push(line));
    const { session, ...rest } = found;
    expect(lines.slice(1)).toEqual([
      expect.objectContaining({
        results: [{ start: 0, size: 2, worker: 'tab', volunteer: session, outcome: 'accepted', ms: 10.1 }],
      }),
      { kind: 'resumed', incarnation: 2, from: 1 },
      { kind: 'distrusted', incarnation: 1, volunteer: session, ...rest },
    ]);
  });

  it('notes the first step that other profiles led elsewhere', async () => {
    const checkpoint = await killed('b');
    const recorder = await LedgerRecorder.open(options({ checkpoint }));
    recorder.closed(closed(2), hex(7));
    recorder.closed(closed(3), hex(8));
    await recorder.close();
    expect(notices).toEqual([
      expect.stringMatching(/^step 2 done again differs .* its state was 0+66 and is 0+7; workers of/),
    ]);
  });
});
