/**
 * Sets up what takes part in a run: ledger, fleet, checkpoints, records, samples, the watch; and takes it down again.
 */
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { MicroBatches } from '@gradcast/dataset';
import { earlyStopOf as ruleOf } from '@gradcast/definition';
import { router } from '@gradcast/metrics';
import { optimizerOf } from '@gradcast/optimizer';
import { isLoopback } from '@gradcast/protocol';
import { DEVICE_TOLERANCE, isNear } from '@gradcast/reduction';
import { folderIdentity } from '@gradcast/run-folder';
import { fieldShapes, tailFault } from '@gradcast/task';
import { LineBudget } from '../network/line-budget.ts';
import { Arbiters } from '../audit/arbiter.ts';
import { auditPicks, auditSecret, leafPicks } from '../audit/audit-picks.ts';
import type { AuditPicks } from '../audit/audit-picks.ts';
import { VolunteerTrust } from '../audit/volunteer-trust.ts';
import { reducerFor } from '../leasing/threaded-reducer.ts';
import type { Reducer } from '../leasing/reducer.ts';
import { batchSettings } from '../leasing/batch-settings.ts';
import { BatchesAhead } from '../leasing/batches-ahead.ts';
import type { Cutter } from '../leasing/batches-ahead.ts';
import { LedgerRecorder } from '../records/ledger-recorder.ts';
import { CoordinatorError } from '../failure.ts';
import { EARLY_STOP_FACT, EarlyStop } from './early-stop.ts';
import { Acts } from './acts.ts';
import { openJoining } from './join.ts';
import { Fleet, TICK_MS } from './fleet.ts';
import type { Prepared, RunOptions, Services } from './context.ts';
import { openObservers } from './observers.ts';
import { DiskSpace } from '../records/disk-space.ts';
import { Evaluations } from '../records/evaluations.ts';
import { GridClasses, readingOf } from '../records/grid-classes.ts';
import { Outputs } from '../records/outputs.ts';
import { Saving } from '../records/saving.ts';
import { operations } from './operations.ts';
import { StepAccounts } from '../records/step-accounts.ts';
import { fromHere } from '../records/summary.ts';
import { Telemetry } from '../records/telemetry.ts';
import { firstProfile } from '../records/used-profiles.ts';
import { openViewing } from './view.ts';
import { Watch } from './watch.ts';

const now = () => performance.now();

/** @throws LedgerError, RunError. */
export async function openServices(options: RunOptions, prepared: Prepared): Promise<Services> {
  const { config, access, tell, localWorkersEnded } = options;
  const { beginning, totalSteps, listeners, dataset, state } = prepared;
  const { folder, damaged, loaded } = beginning;
  const telemetry = telemetryOf(options, prepared);
  for (const sentence of damaged) telemetry.notice(`${sentence} The checkpoint before it is used.`);
  const incarnation = await folder.startIncarnation();
  const recorder = await ledgerRecorderOf({ options, prepared, telemetry, incarnation });
  const arbiters = new Arbiters({
    url: listeners.localUrl,
    token: access.local,
    taskFile: config.taskFile,
    tune: config.tune,
    onFailed: (sentence) => telemetry.notice(sentence),
  });
  const hasArbiter = config.auditRate > 0 || admitsVolunteers(options);
  const secret = hasArbiter ? await auditSecret(folder.path) : '';
  const isAudited = auditPicks(secret, config.auditRate);
  const trust = new VolunteerTrust({ isPicked: leafPicks(secret), rate: config.auditVolunteers });
  const { task } = state;
  const { kernels } = prepared;
  const cutter = new MicroBatches({ dataset, fields: task.fields, shape: config, seed: config.seed, kernels });
  const reduction = { codec: config.codec, layout: task, seed: config.seed };
  const reducer = reducerFor(prepared.codec, reduction, (error) => options.defects.report(error));
  const ahead = batchesAheadOf({ options, prepared, telemetry, incarnation }, cutter);
  const fleet = fleetOf(
    { options, prepared, telemetry, incarnation },
    { cutter: ahead ?? cutter, reducer, arbiters, isAudited, hasArbiter, trust },
  );
  telemetry.serveOn(listeners.metrics, () => fleet.workers);
  telemetry.expects({ ...config, savedAt: loaded && (await stat(loaded.path)).mtimeMs / 1000 });
  const disk = new DiskSpace({ path: folder.path, now, onMeasured: (space) => telemetry.measured(space) });
  const outputs = outputsOf(options, prepared, telemetry);
  const evaluations = evaluationsOf(options, prepared, telemetry);
  const joining = await openJoining(options, prepared, { fleet, telemetry, outputs });
  listeners.admit((connection) => fleet.add(connection));
  const save = () => saving.now();
  const earlyStop = earlyStopOf({ options, prepared }, { evaluations, recorder, save });
  const facts = (): Record<string, string> =>
    earlyStop ? { [EARLY_STOP_FACT]: JSON.stringify(earlyStop.memory) } : {};
  const saving = savingOf({ options, prepared, telemetry, incarnation }, { ledger: recorder, facts });
  const log = await folder.openMetrics(state.version, telemetry.writing.of('metrics'));
  const events = await folder.openEvents(telemetry.writing.of('events'));
  telemetry.begin(log, events, state.position);
  telemetry.stream.read((event) => {
    if (event.type === 'distrusted') recorder.distrusted(event);
  });
  const { control } = options;
  const step = () => Math.min(state.version + 1, totalSteps);
  const { minWorkers } = config;
  const acts = new Acts({ control, fleet, stream: telemetry.stream, step, steps: totalSteps, minWorkers });
  const viewing = await openViewing(options, prepared, { fleet, acts, telemetry, now, wallClock: Date.now });
  const observers = await openObservers(options, prepared, { telemetry, outputs, viewing, now, wallClock: Date.now });
  if (options.tellsEvents) telemetry.stream.read((event) => tell({ type: 'event', event }));
  const watch = new Watch({
    ...config,
    fleet,
    telemetry,
    control,
    isLoopback: isLoopback(config.host),
    localWorkersEnded,
    now,
  });
  const { stream } = telemetry;
  const routes = operations({ acts, stream, folder: await folderIdentity(folder.path), joining });
  await prepared.operator.open(router(routes));
  const tick = () => {
    fleet.tick();
    watch.tick();
    disk.tick();
    viewing?.tick();
    telemetry.showWorkers();
  };
  const ticking = setInterval(() => options.defects.guard(tick), TICK_MS);
  return {
    cutter,
    fleet,
    saving,
    recorder,
    telemetry,
    accounts: new StepAccounts(),
    outputs,
    evaluations,
    observers,
    earlyStop,
    announce: async () => {
      // Version 0 is safe before the first lease: whatever happens later, there is something to resume from.
      if (!loaded && !(await saving.now()))
        throw new CoordinatorError('checkpoint-write', 'the first checkpoint cannot be written');
      tell({
        type: 'listening',
        url: listeners.url,
        localUrl: listeners.localUrl,
        metricsUrl: listeners.metrics.url,
        pageUrl: viewing?.url,
        pageNeedsToken: viewing?.needsToken,
        steerUrl: viewing?.steerUrl,
        joinUrl: joining?.link?.url,
        joinExpires: joining?.link?.expires,
        tlsFingerprint: listeners.certificate?.isOwn ? listeners.certificate.fingerprint : undefined,
        runFolder: fromHere(folder.path),
        resumedFromStep: loaded ? state.version : null,
        totalSteps,
      });
    },
    close: async () => {
      clearInterval(ticking);
      arbiters.close();
      listeners.turnAway();
      fleet.disconnect();
      await reducer.close();
      await Promise.allSettled([saving.close(), outputs.close(), evaluations.close(), ahead?.close()]);
      await observers.close();
      telemetry.end();
      await Promise.allSettled([log.close(), events.close()]);
      await recorder.close().catch(() => undefined);
    },
  };
}

/** What most services are made of. */
interface Materials {
  readonly options: RunOptions;
  readonly prepared: Prepared;
  readonly telemetry: Telemetry;
  readonly incarnation: number;
}

function telemetryOf({ config, logger, tell }: RunOptions, { beginning, dataset, totalSteps, state }: Prepared) {
  const telemetry = new Telemetry({
    task: state.task,
    logger,
    tell,
    samplesPerEpoch: dataset.count,
    totalSteps,
    logInterval: config.logInterval,
    workerMetricsPort: config.workerMetricsPort,
    lines: new LineBudget(now),
    now,
    wallClock: Date.now,
  });
  telemetry.used.recall(beginning.loaded?.checkpoint.info.profile);
  return telemetry;
}

function outputsOf(
  { config }: RunOptions,
  { beginning: { folder }, definition, state: { task } }: Prepared,
  telemetry: Telemetry,
): Outputs {
  const reading = readingOf(task, definition.dataset);
  return new Outputs({
    identity: definition,
    taskFile: config.taskFile,
    seed: config.seed,
    backend: config.backend,
    data: config.data,
    runFolder: folder.path,
    isShown: task.output !== undefined && task.output.values.kind !== 'vector',
    onFailed: (sentence) => telemetry.writing.failed('sample', sentence),
    batch: definition.microBatches * definition.microBatchSize,
    reader: reading && new GridClasses({ ...reading, onFailed: (sentence) => telemetry.notice(sentence) }),
    onDrawn: (facts) => telemetry.sampled(facts),
    onScored: (step, scores) => telemetry.scored(step, scores),
  });
}

function evaluationsOf({ config }: RunOptions, { definition }: Prepared, telemetry: Telemetry): Evaluations {
  return new Evaluations({
    identity: definition,
    taskFile: config.taskFile,
    data: config.data,
    count: config.evaluateCount,
    onFailed: (sentence) => telemetry.notice(sentence),
    onEvaluated: (quality) => telemetry.evaluated(quality),
  });
}

/** Undefined where no thread would pay. */
function batchesAheadOf({ options, prepared, telemetry }: Materials, cutter: Cutter): BatchesAhead | undefined {
  const { dataset, state, totalSteps } = prepared;
  const { fields } = state.task;
  const { config } = options;
  const cores = availableParallelism();
  const settings = batchSettings({ dataset, fields, shape: config, seed: config.seed, cores });
  if (!settings) return undefined;
  return new BatchesAhead({
    cutter,
    settings,
    steps: { from: state.version, to: totalSteps },
    notice: (sentence) => telemetry.notice(sentence),
  });
}

/** What a fleet's results are checked with. */
interface Checks {
  readonly cutter: Cutter;
  readonly reducer: Reducer;
  readonly arbiters: Arbiters;
  readonly isAudited: AuditPicks;
  readonly hasArbiter: boolean;
  readonly trust: VolunteerTrust;
}

/** Whether volunteers may come: by the join link, or with a credential of their own. */
function admitsVolunteers({ config, access }: Pick<RunOptions, 'config' | 'access'>): boolean {
  return config.join !== null || (access.credentials ?? []).some(({ role }) => role === 'volunteer');
}

function fleetOf(
  { options, prepared, telemetry, incarnation }: Materials,
  { cutter, reducer, arbiters, isAudited, hasArbiter, trust }: Checks,
): Fleet {
  const { config } = options;
  const { beginning, codec, state, definition } = prepared;
  const { microBatchSize } = definition;
  const { task } = state;
  const { minWorkers, maxWorkers, maxVolunteers, volunteerShare, exact } = config;
  const tolerance = DEVICE_TOLERANCE[definition.codec];
  return new Fleet({
    minWorkers,
    maxWorkers,
    maxVolunteers,
    volunteerShare,
    isAudited,
    trust,
    hasArbiter,
    isNear: (node, reference) => isNear({ node, reference }, { codec, layout: task, tolerance }),
    backend: config.backend,
    expectsOwn: () => options.localSocket !== null && !options.localWorkersEnded.aborted,
    exactProfile: exact ? firstProfile(beginning.loaded?.checkpoint.info.profile) : null,
    resumed: beginning.loaded !== undefined,
    startArbiter: (request) => arbiters.start(request),
    terms: { incarnation, run: beginning.folder.id, ...definition },
    payload: {
      parameters: task.parameters.length,
      slots: optimizerOf(task.optimizer).slots.length,
      fields: fieldShapes(task.fields),
      microBatchSize,
    },
    codec,
    reducer,
    cut: (step, range) => cutter.cut(step, range),
    isTailSound: (tail, leaves) => tailFault(task, tail, leaves) === undefined,
    now,
    events: telemetry.fleetEvents(),
  });
}

function ledgerRecorderOf({ options, prepared, telemetry, incarnation }: Materials): Promise<LedgerRecorder> {
  const { beginning, definition, dataset } = prepared;
  const { folder, loaded } = beginning;
  return LedgerRecorder.open({
    folder,
    definition,
    samples: dataset.count,
    checkpoint: loaded?.checkpoint.info,
    incarnation,
    exact: options.config.exact,
    acceptMismatch: options.config.acceptRedoMismatch,
    profileOf: (worker) => telemetry.profileOf(worker),
    events: telemetry.writing.of('ledger'),
    notice: (sentence) => telemetry.notice(sentence),
  });
}

function earlyStopOf(
  { options, prepared }: Pick<Materials, 'options' | 'prepared'>,
  by: Pick<Services, 'evaluations' | 'recorder'> & { readonly save: () => Promise<boolean> },
): EarlyStop | undefined {
  const { definition, beginning } = prepared;
  const rule = ruleOf(definition);
  if (!rule) return undefined;
  const { known, missing } = beginning.earlyStop;
  return new EarlyStop({
    rule,
    remembered: known,
    missing,
    scoresOf: (step, weights) => by.evaluations.scoresOf(step, weights),
    save: by.save,
    onVerdict: (line) => by.recorder.evaluated(line),
    onImpossible: (sentence) => void options.control.apply({ kind: 'defect', sentence }),
  });
}

function savingOf(
  { options, prepared, telemetry, incarnation }: Materials,
  { ledger, facts }: { readonly ledger: LedgerRecorder; readonly facts: () => Readonly<Record<string, string>> },
): Saving {
  const { beginning, stored, state } = prepared;
  const { saveEvery, saveSeconds, keepLast } = options.config;
  return new Saving({
    folder: beginning.folder,
    state,
    config: stored,
    incarnation,
    saveEvery,
    saveSeconds,
    keepLast,
    anchorEvery: prepared.definition.earlyStopEvery,
    ledger,
    facts,
    profiles: () => telemetry.used.keys,
    now,
    onSaved: (seconds, step) => telemetry.saved(seconds, step),
    onFailed: (sentence) => telemetry.writing.failed('checkpoint', sentence),
  });
}
