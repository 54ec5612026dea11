/**
 * Volunteers among real processes: a coordinator, a worker that is trusted, and two with credentials of volunteers, one of
 * which lies in one float of a result. While it is new nothing of it gets into the model; once it has earned something it is
 * found all the same, and the ledger names what was used of it.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FaultProxy, hashesOf, readSummary, runsIn, Workbench } from '@gradcast/testing';
import type { GradcastProcess, Hashes, LedgerStep } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

/** One image a leaf: a hundred of them take a second or two. */
const LEAVES = 16;
const NUMBERS = `--preset classifier --seed 3 --global-batch ${LEAVES} --micro-batches ${LEAVES} --no-samples`;
const STEPS = 100;
const SECRETS = { boss: 'b'.repeat(32), tab: 't'.repeat(32), liar: 'l'.repeat(32) };
type Party = keyof typeof SECRETS;

const LIE = { party: 'liar', step: 1, phase: 'result', fault: { kind: 'wrong-gradient' } } as const;

interface StepLeaves {
  readonly step: number;
  readonly start: number;
  readonly size: number;
}
type Line =
  | (LedgerStep & { readonly kind: 'step' })
  | (StepLeaves & {
      readonly kind: 'distrusted';
      readonly worker: string;
      readonly volunteer: string;
      readonly uses: readonly StepLeaves[];
    });

let bench: Workbench;
let proxy: FaultProxy;
let undisturbed: Hashes;
beforeAll(async () => {
  bench = await Workbench.create();
  const alone = await bench.run(`train ${NUMBERS} --steps ${STEPS} --backend wasm --workers 1 --out alone`);
  expect(alone.code, alone.stderr).toBe(0);
  undisturbed = hashesOf(await readSummary((await runsIn(bench.path('alone')))[0]));
  const roles = { boss: 'trusted', tab: 'volunteer', liar: 'volunteer' };
  const lines = Object.entries(SECRETS).map(([name, secret]) => `${name} ${roles[name as Party]} ${secret}\n`);
  await writeFile(bench.path('tokens'), lines.join(''));
});
afterEach(async () => {
  await proxy.close();
  await bench.endProcesses();
});
afterAll(() => bench.remove());

/** A coordinator behind a proxy. */
async function coordinate(out: string, flags = ''): Promise<GradcastProcess> {
  const args = `coordinator ${NUMBERS} --steps ${STEPS} --json --log-interval 1 --out ${out} --token-file tokens`;
  const coordinator = bench.start(`${args} --port 0 --metrics-port 0 --wait-workers 60 ${flags}`.trim());
  proxy = await FaultProxy.start();
  proxy.target = (await coordinator.event('listening')).url;
  return coordinator;
}

async function joins(name: Party): Promise<GradcastProcess> {
  const worker = bench.start(`worker --coordinator ${proxy.url} --backend wasm --name ${name}`, {
    GRADCAST_TOKEN: SECRETS[name],
  });
  await proxy.moments.until(name, (moment) => moment.kind === 'joined' && moment.worker === name);
  return worker;
}

async function ledgerOf(out: string): Promise<{ run: string; lines: Line[] }> {
  const [run] = await runsIn(bench.path(out));
  const text = await readFile(join(run, 'ledger.jsonl'), 'utf8');
  return {
    run,
    lines: text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line),
  };
}

const stepsOf = (lines: readonly Line[]) => lines.flatMap((line) => (line.kind === 'step' ? [line] : []));
const distrustedOf = (lines: readonly Line[]) => lines.flatMap((line) => (line.kind === 'distrusted' ? [line] : []));

/** The run is over, and its ledger proves it. @returns what `verify` notes. */
async function isOver(coordinator: GradcastProcess, run: string): Promise<string> {
  const { code, stderr } = await coordinator.ended();
  expect(code, stderr).toBe(0);
  const verified = await bench.run(['verify', run]);
  expect(verified, verified.stderr).toMatchObject({ code: 0 });
  return verified.stdout;
}

it('a volunteer that lies while it is new is found at once, and the run ends as if nobody had come', async () => {
  const coordinator = await coordinate('new');
  proxy.inject(LIE);
  const liar = await joins('liar');
  await joins('tab');
  // With volunteers alone no step is computed.
  await coordinator.said(/^no worker is connected; waiting for 60 s$/);
  expect(proxy.moments.all.filter(({ kind }) => kind === 'leased')).toEqual([]);
  await joins('boss');
  await coordinator.said(/^the volunteer liar sent a wrong result for step \d+; nothing of it was used unchecked$/);
  await coordinator.said(/^worker liar was refused \(audit-lost\)/);
  // It is not wanted again, and so does not try.
  expect((await liar.ended()).code).toBe(1);
  const { run } = await ledgerOf('new');
  const notes = await isOver(coordinator, run);
  const summary = await readSummary(run);
  expect([summary.status, hashesOf(summary)]).toEqual(['completed', undisturbed]);
  expect(notes).toMatch(/^note: the volunteer liar was found wrong at step \d+; .*: nothing$/m);
  const { lines } = await ledgerOf('new');
  for (const { step, results } of stepsOf(lines)) {
    const theirs = results.filter(({ volunteer }) => volunteer !== undefined);
    expect(
      theirs.every(({ worker }) => worker !== 'boss'),
      String(step),
    ).toBe(true);
    const leaves = theirs.filter(({ outcome }) => outcome !== 'late').reduce((sum, { size }) => sum + size, 0);
    expect(leaves, String(step)).toBeLessThanOrEqual(LEAVES / 2);
    expect(theirs.filter(({ outcome }) => outcome === 'heard')).toEqual([]);
  }
  expect(distrustedOf(lines)).toMatchObject([{ worker: 'liar', uses: [] }]);
});

it('one that lies only after a hundred good leaves is found, and what was used of it is named', async () => {
  const coordinator = await coordinate('late', '--audit-volunteers 0.1');
  await joins('boss');
  const liar = await joins('liar');
  let leaves = 0;
  await proxy.moments.until('a hundred good leaves', (moment) => {
    if (moment.kind === 'result' && moment.worker === 'liar') leaves += moment.count;
    return leaves >= 100;
  });
  // Each result from now on is a lie, and it takes few until one is picked.
  const lies = Array.from({ length: 200 }, () => ({ ...LIE }));
  for (const lie of lies) proxy.inject(lie);
  const told = await coordinator.said(/^the volunteer liar sent a wrong result for step \d+; /);
  expect((await liar.ended()).code).toBe(1);
  const { run } = await ledgerOf('late');
  const notes = await isOver(coordinator, run);
  const { lines } = await ledgerOf('late');
  const [found] = distrustedOf(lines);
  expect(notes).toContain(`note: the volunteer liar was found wrong at step ${found.step}`);
  // All that was used of it unchecked since the last that was checked and right, as the steps have it.
  const theirs = stepsOf(lines).flatMap(({ step, results }) =>
    results.filter(({ volunteer }) => volunteer === found.volunteer).map((result) => ({ ...result, step })),
  );
  const right = theirs.findLastIndex(({ outcome }) => outcome === 'held');
  const used = theirs.slice(right + 1).filter(({ outcome }) => outcome === 'accepted');
  expect(found.uses).toEqual(used.map(({ step, start, size }) => ({ step, start, size })));
  const { step, start, size } = found;
  expect(theirs).toContainEqual(expect.objectContaining({ worker: 'liar', outcome: 'refuted', step, start, size }));
  const fired = proxy.moments.all.filter(({ kind }) => kind === 'fault').length;
  expect(fired).toBeGreaterThan(0);
  expect(found.uses.length).toBeGreaterThanOrEqual(
    fired - theirs.filter(({ outcome }) => outcome !== 'accepted').length,
  );
  expect(told).toContain(found.uses.length === 0 ? 'nothing of it' : 'the ledger names them');
});
