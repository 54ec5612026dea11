/**
 * Everything a run says to the outside: Prometheus, metrics.jsonl, progress, notices and the log. It decides nothing.
 */
import type { EventLog, MetricsLog } from '@gradcast/run-folder';
import { distrustedSentence, drainSentence, parkedSentence, troubleSentence } from '@gradcast/config';
import type { ChildMessage, Quality, Scores } from '@gradcast/config';
import { coordinatorMetrics, endpoints, processMetrics } from '@gradcast/metrics';
import type { CoordinatorMetrics, RequestHandler } from '@gradcast/metrics';
import { printable, REFUSALS } from '@gradcast/protocol';
import { shownScalars } from '@gradcast/task';
import type { ShownScalar, Task } from '@gradcast/task';
import type { Logger } from 'pino';
import { RUN_STATES, WORKER_STATES } from '../events.ts';
import type { FleetEvents, NumberedEvent, RunStateName, WorkerView } from '../events.ts';
import { EventStream } from './event-stream.ts';
import { HeadCount } from './head-count.ts';
import { KnownWorkers } from './known-workers.ts';
import { leavesByRole } from './leaves-by-role.ts';
import { qualityNumbers, UnwrittenQuality } from './quality.ts';
import { Throughput } from './records.ts';
import type { ClosedRecord, StepRecord } from './records.ts';
import { PhaseTotals } from './phase-totals.ts';
import type { Space } from './disk-space.ts';
import { Repeats } from './repeats.ts';
import { scrapeTargets } from './scrape-targets.ts';
import { evaluatedSentence, stateSentence } from './sentences.ts';
import { showPhases, showStep, stepNumbers } from './step-numbers.ts';
import type { StepLine } from './step-numbers.ts';
import type { GridFacts } from './outputs.ts';
import { Troubles } from './troubles.ts';
import type { Numbers } from './troubles.ts';
import { UsedProfiles } from './used-profiles.ts';
import { WriteHealth } from './write-health.ts';

export interface TelemetryOptions {
  readonly task: Task;
  readonly logger: Logger;
  readonly tell: (message: ChildMessage) => void;
  /** Samples of the data set. */
  readonly samplesPerEpoch: number;
  readonly totalSteps: number;
  readonly logInterval: number;
  /** How many refusals are logged: see `LineBudget`. */
  readonly lines: { take(): number | undefined; rest(): number };
  /** Where workers of other machines serve metrics; 0 if Prometheus is to ask none of them. */
  readonly workerMetricsPort: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970, for timestamps that people read. */
  readonly wallClock: () => number;
}

/** What is asked of a run. */
export interface Expectations {
  readonly minWorkers: number;
  readonly saveSeconds: number;
  readonly savedAt: number | undefined;
}

export const VERSION = '0.1.0';
/** Characters of a peer's own words that a notice shows; the log has up to a sentence's limit. */
const PEER_WORDS = 240;
/** Names of workers counted apart. */
const MOST_SEEN = 65_536;
/** The progress line is fed at most this often between two lines of the log. */
const PROGRESS_MS = 200;
/** Failures of ours that are logged; each is told once. */
const MOST_FAILURES = 32;
/** Stands for the names of all volunteers where a label has a worker's: they come and go, under any name. */
const VOLUNTEERS = 'volunteers';

export class Telemetry {
  readonly #options: TelemetryOptions;
  readonly #metrics: CoordinatorMetrics;
  readonly throughput: Throughput;
  /** Where the time of this start's steps went. */
  readonly phases = new PhaseTotals();
  /** What happens, for whoever reads it: this class is one of them. */
  readonly stream: EventStream;
  /** How writing the run's files goes. */
  readonly writing: WriteHealth;
  readonly #known = new KnownWorkers();
  /** Numeric profiles whose results were used, over all starts of the run. */
  readonly used = new UsedProfiles();
  readonly #usedBackends = new Set<string>();
  readonly #everSeen = new Set<string>();
  readonly #refusals: Repeats;
  /** Who of the volunteers came and went. */
  readonly #visits: Repeats;
  /** Stacks of failures that were told. */
  readonly #failures = new Set<string>();
  #log: MetricsLog | undefined;
  #endEvents = () => {};
  readonly #lineReaders: ((line: StepLine) => void)[] = [];
  #workers: () => WorkerView[] = () => [];
  #toldAt = -Infinity;
  #images = 0;
  readonly #unwritten = new UnwrittenQuality();
  readonly #troubles: Troubles;

  constructor(options: TelemetryOptions) {
    this.#options = options;
    this.stream = new EventStream(options);
    this.stream.read((event) => this.#show(event));
    this.throughput = new Throughput(options.now);
    this.#refusals = new Repeats(options.now, 'more workers are refused');
    this.#visits = new Repeats(options.now, 'more volunteers come and go');
    this.#metrics = coordinatorMetrics({ version: VERSION, preset: options.task.name });
    const { troubles = [] } = options.task;
    this.#troubles = new Troubles(troubles);
    for (const { name } of troubles) this.#metrics.trouble.set({ trouble: name }, 0);
    this.#showState('setting-up');
    this.writing = new WriteHealth({
      count: (file) => this.#metrics.writeFailures.inc({ file }),
      notice: (sentence) => this.notice(sentence),
    });
  }

  /** Where metrics.jsonl and events.jsonl go, and how many images earlier starts of this run used. */
  begin(log: MetricsLog, events: EventLog, images: number): void {
    this.stream.continueAfter(events.lastSeq);
    this.#endEvents = this.stream.read((event) => events.append({ ...event }));
    this.#log = log;
    this.#images = images;
  }

  /** Reads what each line of metrics.jsonl says of its step; what it may say of scores is an event as well. */
  readLines(reader: (line: StepLine) => void): void {
    this.#lineReaders.push(reader);
  }

  /** Events are written no more: their file is about to be closed. */
  end(): void {
    this.#endEvents();
  }

  /** What alerts hold figures against. `savedAt`: when the checkpoint that a run begins with was safe, in seconds since 1970. */
  expects({ minWorkers, saveSeconds, savedAt }: Expectations): void {
    this.#metrics.quorumWorkers.set(minWorkers);
    this.#metrics.checkpointInterval.set(saveSeconds);
    if (savedAt !== undefined) this.#metrics.checkpointTimestamp.set(savedAt);
  }

  /** How full the file system of the run folder is. */
  measured({ freeBytes, sizeBytes }: Space): void {
    this.#metrics.diskFreeBytes.set(freeBytes);
    this.#metrics.diskSizeBytes.set(sizeBytes);
  }

  /** Answers `/metrics`, `/healthz`, `/readyz` and `/targets` on a port from now on. */
  serveOn(port: { handler: RequestHandler }, workers: () => WorkerView[]): void {
    this.#workers = workers;
    port.handler = endpoints({
      registries: [this.#metrics.registry, processMetrics()],
      notReady: () => (this.#log ? undefined : 'the run is being set up'),
      targets: () => scrapeTargets(workers(), this.#options.workerMetricsPort),
    });
  }

  /** Key of the numeric profile with which a worker of this name last joined. */
  profileOf(worker: string): string | undefined {
    return this.#known.profileOf(worker);
  }

  /** Backends whose results were used so far, in alphabetical order. */
  get backends(): string {
    return [...this.#usedBackends].sort().join('+');
  }

  /** How many workers took part. */
  get workersSeen(): number {
    return this.#everSeen.size;
  }

  /** What the fleet reports. */
  fleetEvents(): FleetEvents {
    const metrics = this.#metrics;
    const { logger } = this.#options;
    const { stream } = this;
    return {
      happened: (event) => stream.publish(event),
      joined: (worker) => {
        this.#known.joined(worker);
        this.phases.joined(worker.name);
        stream.publish({ type: 'joined', ...worker });
      },
      left: (worker, departure) => stream.publish({ type: 'left', worker, ...departure }),
      forgotten: (worker) => {
        this.phases.left(worker);
        metrics.forgetWorker(worker);
      },
      refused: (worker, code, sentence) => {
        // A worker's own codes are free; as labels each would be a series for ever.
        metrics.workersRefused.inc({ reason: Object.hasOwn(REFUSALS, code) ? code : 'other' });
        const leftOut = this.#options.lines.take();
        if (leftOut !== undefined) stream.publish({ type: 'refused', worker, code, sentence, leftOut });
        if (code === 'replaced') return;
        const line = `worker ${worker} was refused (${code}): ${printable(sentence, PEER_WORDS)}`;
        this.#say(this.#refusals.worded(line));
      },
      lease: (outcome, worker) => {
        metrics.leases.inc({ outcome });
        if (outcome !== 'accepted') return logger.debug({ worker, outcome }, 'lease');
        if (this.#everSeen.size < MOST_SEEN) this.#everSeen.add(worker);
        this.#wasUsed(worker);
      },
      resultRefused: (code) => metrics.resultsRefused.inc({ reason: code }),
      leaseTime: (worker, totalMs, computeMs) => {
        metrics.leaseSeconds.observe({ worker: this.#known.isVolunteer(worker) ? VOLUNTEERS : worker }, totalMs / 1000);
        metrics.leasePhaseSeconds.observe({ phase: 'compute' }, computeMs / 1000);
        metrics.leasePhaseSeconds.observe({ phase: 'network' }, Math.max(0, totalMs - computeMs) / 1000);
      },
      audit: (ending, worker) => {
        this.#wasUsed(worker);
        stream.publish({ type: 'audited', ending, worker });
      },
      notice: (sentence) => this.notice(sentence),
      mismatch: () => metrics.replicaMismatches.inc(),
      bytes: (direction, message, bytes) => metrics.wireBytes.inc({ direction, message }, bytes),
      failed: (worker, error) => {
        const stack = (error instanceof Error && error.stack) || String(error);
        if (this.#failures.has(stack) || this.#failures.size >= MOST_FAILURES) return;
        this.#failures.add(stack);
        logger.error({ worker, err: error }, 'handling a message failed; its sender was refused');
        this.notice(`worker ${worker} was refused because of a defect here: ${String(error)}`);
      },
      stalled: (ms) => logger.warn({ ms }, 'this process stood still; every deadline was moved'),
    };
  }

  /** An event, in the log; what a user should see or Prometheus counts has a case of its own. */
  #show(event: NumberedEvent): void {
    const { logger } = this.#options;
    const metrics = this.#metrics;
    switch (event.type) {
      case 'state':
        this.#showState(event.to);
        if (event.cause.kind === 'diverged') metrics.divergedSteps.inc();
        logger.info(event, 'the state of the run changed');
        if (event.to === 'stopping' || event.to === 'draining') this.#options.tell({ type: 'ending' });
        return this.#say(stateSentence(event));
      case 'joined':
        logger.info({ worker: event }, 'worker joined');
        return this.#tellVisit(event.name, `joined (${event.backend} on ${event.device})`);
      case 'left':
        logger.info(event, 'worker left');
        // The end of the run is told once, not by each worker that was sent home.
        if (event.why === 'dismissed') return;
        return this.#tellVisit(event.worker, `left: ${printable(event.reason, PEER_WORDS)}`);
      case 'refused': {
        // How often it is told to a user is decided by what it says: see `Repeats`.
        const { worker, code, sentence, leftOut } = event;
        return logger.warn({ worker, code, ...(leftOut > 0 && { leftOut }) }, sentence);
      }
      case 'drain-asked':
        logger.info(event, 'worker is to go');
        return this.notice(drainSentence(event.worker, event.by));
      case 'quarantined': {
        const { worker, reason, termMs } = event;
        metrics.quarantines.inc({ reason });
        logger.warn({ worker, reason, termMs }, 'worker quarantined');
        return this.notice(`worker ${worker} gets no work for ${Math.round(termMs / 1000)} s (${reason})`);
      }
      case 'parked': {
        const { worker, bytesPerSecond, neededBytesPerSecond } = event;
        logger.warn({ worker, bytesPerSecond, neededBytesPerSecond }, 'worker parked');
        return this.notice(parkedSentence(worker, bytesPerSecond, neededBytesPerSecond));
      }
      case 'audited':
        metrics.audits.inc({ ending: event.ending });
        if (event.ending === 'settled') this.notice('an audit found a wrong result; the arbiter decided');
        return;
      case 'distrusted': {
        const leaves = event.uses.reduce((sum, { size }) => sum + size, 0);
        metrics.distrustedLeaves.inc(leaves);
        logger.warn(event, 'a volunteer was found wrong');
        return this.notice(distrustedSentence(event.worker, event.step, leaves));
      }
      case 'step-closed':
        if (event.skipped) metrics.divergedSteps.inc();
        return logger.debug(event, event.type);
      case 'saved':
        metrics.checkpointSeconds.observe(event.seconds);
        metrics.checkpointTimestamp.set(event.time);
        return logger.debug({ step: event.step, seconds: event.seconds }, 'checkpoint saved');
      case 'scored':
        metrics.score.set({ score: 'accuracy', split: event.split }, event.accuracy);
        return logger.info(event, 'scored');
      case 'evaluated': {
        for (const [score, value] of Object.entries(qualityNumbers(event))) metrics.quality.set({ score }, value);
        for (const [i, share] of event.shares.entries()) metrics.classShare.set({ class: String(i) }, share);
        this.notice(evaluatedSentence(event));
        return logger.info(event, 'evaluated');
      }
      case 'trouble': {
        metrics.trouble.set({ trouble: event.trouble }, Number(event.began));
        logger.warn(event, 'trouble');
        return this.notice(troubleSentence(event));
      }
      default:
        // What nobody waits for is for those who read the stream.
        logger.debug(event, event.type);
    }
  }

  #showState(name: RunStateName): void {
    for (const state of RUN_STATES) this.#metrics.runState.set({ state }, Number(state === name));
  }

  #say(sentence: string | undefined): void {
    if (sentence !== undefined) this.notice(sentence);
  }

  /** A result of this worker is in the sum. */
  #wasUsed(worker: string): void {
    const known = this.#known.used(worker);
    if (!known) return;
    this.used.add(known.profile);
    this.#usedBackends.add(known.backend);
  }

  /** Of volunteers no more is told than somebody reads. */
  #tellVisit(worker: string, what: string): void {
    if (!this.#known.isVolunteer(worker)) return this.notice(`worker ${worker} ${what}`);
    this.#say(this.#visits.worded(`volunteer ${worker} ${what}`));
  }

  /** A step was applied or skipped: where its time went. */
  accounted({ account }: ClosedRecord): void {
    this.phases.closed(account);
    showPhases(this.#metrics, account);
  }

  /** A step closed. */
  closed(record: StepRecord): void {
    const { samples, norms, timings, account, tail, version, normClipped } = record;
    if (normClipped) {
      const size = norms.norm.toPrecision(3);
      this.notice(`the gradient of step ${version} has norm ${size}; it was clipped in the running mean of the norms`);
    }
    const { task, logInterval, totalSteps } = this.#options;
    const metrics = this.#metrics;
    this.#images += samples;
    // From a lease to its result: the first step also waited for workers, which tells nothing of their speed.
    const busyMs = Math.min(timings.totalMs, Math.max(0, ...record.history.map(({ ms }) => ms)));
    this.throughput.closed(samples, busyMs);
    const shown = shownScalars(task, tail);
    const numbers = stepNumbers(task, shown, record);
    showStep(metrics, task, { shown, record });
    for (const { leaves, ...labels } of leavesByRole(record.history)) metrics.leaves.inc(labels, leaves);
    this.stream.publish({ type: 'step-closed', step: version, skipped: false, seconds: account.totalMs / 1000 });
    this.#observe(version, numbers);
    this.showWorkers();
    const due = version % logInterval === 0 || version === totalSteps;
    if (due) this.#write(record, numbers);
    if (due || this.#options.now() - this.#toldAt >= PROGRESS_MS) this.#progress(record, shown);
  }

  /** Gauges of workers by state, and refusals that were not logged. */
  showWorkers(): void {
    const leftOut = this.#options.lines.rest();
    if (leftOut > 0) this.#options.logger.warn({ leftOut }, 'more workers were refused');
    const counts = new HeadCount(this.#workers());
    for (const state of WORKER_STATES) {
      this.#metrics.workers.set({ state }, counts.workers.get(state) ?? 0);
      this.#metrics.volunteers.set({ state }, counts.volunteers.get(state) ?? 0);
    }
  }

  saved(seconds: number, step: number): void {
    this.writing.written('checkpoint');
    this.stream.publish({ type: 'saved', step, seconds });
  }

  sampled({ step, images, spread, classes }: GridFacts): void {
    this.writing.written('sample');
    this.#metrics.sampleSpread.set(spread);
    this.stream.publish({ type: 'sampled', step, spread, classes });
    if (!classes) return this.#observe(step, { images, sample_spread: spread });
    const { entropy, confidence, holding } = classes;
    this.#metrics.sampleEntropy.set(entropy);
    this.#metrics.sampleClasses.set(holding);
    this.#observe(step, {
      images,
      sample_spread: spread,
      sample_entropy: entropy,
      sample_confidence: confidence,
    });
  }

  scored(step: number, scores: Scores): void {
    this.stream.publish({ type: 'scored', step, ...scores });
  }

  /** Samples were scored, which takes until some steps later: the next line of metrics.jsonl has it. */
  evaluated(quality: Quality): void {
    this.#unwritten.hear(quality);
    this.stream.publish({ type: 'evaluated', ...quality });
    this.#observe(quality.step, qualityNumbers(quality));
  }

  /** What numbers say of the training's health. */
  #observe(step: number, numbers: Numbers): void {
    for (const { trouble, began } of this.#troubles.observe(numbers)) {
      const { name, sentence, advice } = trouble;
      this.stream.publish({ type: 'trouble', trouble: name, step, began, sentence, advice });
    }
  }

  /** The run is over: what its last evaluation came to gets a line of its own. */
  writeQuality(step: number): void {
    const quality = this.#unwritten.take();
    if (quality) this.#log?.append({ step, time: this.#options.wallClock() / 1000, ...quality });
  }

  /** A step closed in which the model diverged, and was left out. */
  skipped(version: number, sentence: string): void {
    this.notice(`${sentence}; the step was skipped`);
    this.stream.publish({ type: 'step-closed', step: version, skipped: true, seconds: 0 });
  }

  /** Spans were sent to a collector, or could not be. */
  countSpans(outcome: 'sent' | 'dropped', spans: number): void {
    this.#metrics.spans.inc({ outcome }, spans);
  }

  /** Somebody was not let steer the run, for a reason of a fixed list. */
  steeringRefused(reason: string): void {
    this.#metrics.steeringRefused.inc({ reason });
  }

  /** A sentence that a user should see. */
  notice(sentence: string): void {
    this.#options.tell({ type: 'notice', sentence });
  }

  #write({ version, learningRate, account }: StepRecord, numbers: Numbers): void {
    const { samplesPerEpoch, wallClock } = this.#options;
    const line: StepLine = {
      step: version,
      time: wallClock() / 1000,
      images: this.#images,
      epoch: this.#images / samplesPerEpoch,
      ...numbers,
      learning_rate: learningRate,
      images_per_second: this.throughput.recent,
      step_seconds: account.totalMs / 1000,
      ...this.phases.takeLine(),
      ...new HeadCount(this.#workers()).active,
    };
    this.#log?.append({ ...line, ...this.#unwritten.take() });
    for (const read of this.#lineReaders) read(line);
  }

  #progress({ version, samples }: StepRecord, shown: readonly ShownScalar[]): void {
    const { tell, totalSteps, samplesPerEpoch, now } = this.#options;
    this.#toldAt = now();
    const { recent } = this.throughput;
    tell({
      type: 'progress',
      step: version,
      steps: totalSteps,
      epoch: Math.floor(((version - 1) * samples) / samplesPerEpoch) + 1,
      epochs: Math.max(1, Math.ceil((totalSteps * samples) / samplesPerEpoch)),
      scalars: shown.map(({ name, value, isProgress }) => ({ name, value, isProgress })),
      images_per_second: recent,
      ...new HeadCount(this.#workers()).active,
      etaSeconds: recent > 0 ? ((totalSteps - version) * samples) / recent : 0,
    });
  }
}
