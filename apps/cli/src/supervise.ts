/**
 * Runs a coordinator and, for `train`, its local workers, from the first process to the last one's end.
 *
 * Invariants: every wait is bounded; no process outlives the command; the exit code is the run's.
 */
import type { Access, ChildMessage, CoordinatorConfig, LocalWorkerConfig, Summary } from '@gradcast/config';
import { type Child, exitText, type StartChild } from './child.ts';
import { EXIT_FAILED, exitAfter, type StopSignal } from './exit-codes.ts';
import { type Delay, LocalWorkers } from './local-workers.ts';
import { isForOthers, linkSentences, qrCode } from './join-link.ts';
import { OpeningPage } from './opening-page.ts';
import type { Reporter } from './reporter.ts';

/** A coordinator that was told to stop, or has finished, may take this long to save and say goodbye. */
const COORDINATOR_GRACE_MS = 60_000;
/** Workers that were told to stop, after the coordinator's end, may take this long. */
const WORKER_STOP_MS = 5_000;

export interface RunPlan {
  readonly coordinator: CoordinatorConfig;
  readonly access: Access;
  /** Local workers, or null where only the coordinator runs here. */
  readonly local: {
    readonly count: number;
    readonly config: LocalWorkerConfig;
    /** Path of the Unix socket by which they reach the coordinator, or null for TCP. */
    readonly socket: string | null;
  } | null;
  /** Whether a browser is opened with the run's page. */
  readonly opens?: boolean;
}

type Listening = Extract<ChildMessage, { type: 'listening' }>;

/** What a run needs of the world. */
export interface Surroundings {
  readonly start: StartChild;
  /** The same for a run that is only measured; `start` by default. */
  readonly startMeasured?: StartChild;
  readonly reporter: Reporter;
  /** Opens a browser, or calls back if none can be. */
  readonly openBrowser?: (url: string, onFailed: () => void) => void;
  /** Writes the report of a run that is over into its folder; its path, or null where there is no run. */
  readonly report?: ((run: string) => Promise<string | null>) | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly delay: Delay;
  /** Calls back at each signal to stop; the result unsubscribes. */
  readonly onSignal: (listener: (signal: StopSignal) => void) => () => void;
}

export interface RunOutcome {
  readonly exitCode: number;
  readonly summary: Summary | null;
  /** The run's folder, if it has one and nobody was in a hurry to end it. */
  readonly folder: string | null;
}

/** Starts the run and resolves when the last process is gone. */
export async function supervise(plan: RunPlan, surroundings: Surroundings): Promise<RunOutcome> {
  return new Supervision(plan, surroundings).run();
}

class Supervision {
  readonly #plan: RunPlan;
  readonly #surroundings: Surroundings;
  readonly #workers: LocalWorkers | null;
  #coordinator: Child | null = null;
  #summary: Summary | null = null;
  #folder: string | null = null;
  /** Decided by the first of: finished, failed, signal. */
  #exitCode: number | null = null;
  #signal: StopSignal | null = null;
  #cancelDeadline: () => void = () => undefined;
  /** Leads a browser to an address with a secret. */
  #openingPage: OpeningPage | null = null;

  constructor(plan: RunPlan, surroundings: Surroundings) {
    this.#plan = plan;
    this.#surroundings = surroundings;
    const { reporter, start, delay } = surroundings;
    this.#workers =
      plan.local &&
      new LocalWorkers({
        count: plan.local.count,
        config: plan.local.config,
        token: plan.access.local,
        start,
        delay,
        onNotice: (sentence) => reporter.notice(sentence),
        onError: (code, sentence) => reporter.error(code, sentence),
        onAllEnded: () => this.#coordinator?.tell({ type: 'local-workers-ended' }),
      });
  }

  async run(): Promise<RunOutcome> {
    const { start, onSignal, reporter } = this.#surroundings;
    const { coordinator: config, access, local } = this.#plan;
    const unsubscribe = onSignal((signal) => this.#onSignal(signal));
    try {
      this.#coordinator = start({
        entry: 'coordinator',
        logLevel: config.logLevel,
        first: { type: 'coordinate', config, access, localSocket: local?.socket ?? null },
        onMessage: (message) => this.#hear(message),
      });
      const exit = await this.#coordinator.ended;
      this.#cancelDeadline();
      reporter.endProgress();
      const clean = this.#exitCode !== null;
      this.#exitCode ??= EXIT_FAILED;
      if (!clean) reporter.error('coordinator-died', `the coordinator ended unexpectedly (${exitText(exit)})`);
      await this.#endWorkers();
      return { exitCode: this.#exitCode, summary: this.#summary, folder: this.#folder };
    } finally {
      unsubscribe();
      await this.#openingPage?.remove();
    }
  }

  #hear(message: ChildMessage): void {
    const { reporter } = this.#surroundings;
    switch (message.type) {
      case 'listening': {
        const { localUrl, ...told } = message;
        this.#folder = message.runFolder;
        reporter.json('listening', told);
        const from = message.resumedFromStep === null ? '' : `, resumed from step ${message.resumedFromStep}`;
        reporter.notice(`run ${message.runFolder}: ${message.totalSteps} steps${from}`);
        reporter.notice(`coordinator at ${message.url}, metrics at ${message.metricsUrl}`);
        this.#showPage(message);
        this.#showJoinLink(message);
        reporter.startClock();
        // A run that has reached its length already needs nobody.
        if (this.#exitCode === null && (message.resumedFromStep ?? 0) < message.totalSteps) {
          this.#workers?.start(localUrl);
        }
        return;
      }
      case 'progress':
        reporter.progress(message);
        return;
      case 'event':
        // For programs, which hear it before this does.
        return;
      case 'notice':
      case 'backend':
        reporter.notice(message.sentence);
        return;
      case 'ending':
        this.#workers?.retire();
        return;
      case 'finished':
        this.#summary = message.summary;
        this.#folder = message.summary.runFolder;
        this.#exitCode ??= message.exitCode;
        this.#workers?.retire();
        this.#boundCoordinator();
        return;
      case 'failed':
        this.#exitCode ??= message.exitCode;
        this.#workers?.retire();
        reporter.error(message.code, message.sentence);
        this.#boundCoordinator();
        return;
      default:
        message satisfies never;
    }
  }

  #showPage({ pageUrl: url, pageNeedsToken: needsToken = false, steerUrl, runFolder }: Listening): void {
    const { reporter } = this.#surroundings;
    const { opens = false } = this.#plan;
    if (url === undefined) {
      if (opens) reporter.notice('there is no page to open: docs/watching.md says where it is served');
      return;
    }
    const hasSecret = steerUrl !== undefined && steerUrl !== url;
    reporter.notice(`watch it at ${url}${needsToken ? ' with the token of a viewer' : ''}`);
    if (hasSecret) reporter.notice(`steer it at ${steerUrl} (whoever has this address may stop the run)`);
    else if (steerUrl !== undefined) reporter.notice('operators steer it there, with their tokens');
    if (!opens) return;
    if (!hasSecret) return this.#open(url, url);
    const page = (this.#openingPage = new OpeningPage(runFolder));
    void page.write(steerUrl).then(
      (address) => this.#open(address, steerUrl),
      () => this.#open(url, url),
    );
  }

  /** @param shown what is told where no browser can be. */
  #open(address: string, shown: string): void {
    const { reporter, openBrowser } = this.#surroundings;
    openBrowser?.(address, () => reporter.notice(`no browser could be opened; the page is at ${shown}`));
  }

  #showJoinLink({ joinUrl: url, joinExpires: expires, tlsFingerprint }: Listening): void {
    const { reporter } = this.#surroundings;
    if (url === undefined || expires === undefined) return;
    for (const sentence of linkSentences({ url, expires }, tlsFingerprint)) reporter.notice(sentence);
    // A picture for whoever looks at the screen: without it the link does as well.
    if (reporter.hasTerminal && isForOthers(url))
      void qrCode(url).then(
        (code) => reporter.picture(code),
        () => undefined,
      );
  }

  #onSignal(signal: StopSignal): void {
    if (this.#signal !== null) {
      this.#exitCode = exitAfter(signal);
      this.#folder = null;
      this.#coordinator?.kill();
      this.#workers?.kill();
      return;
    }
    this.#signal = signal;
    // A run that was over before the signal keeps its own exit code.
    this.#exitCode ??= exitAfter(signal);
    this.#surroundings.reporter.notice('stopping with a checkpoint; once more to stop at once');
    this.#stopCoordinator(signal);
  }

  #stopCoordinator(signal: StopSignal): void {
    this.#workers?.retire();
    this.#coordinator?.stop(signal);
    this.#boundCoordinator();
  }

  #boundCoordinator(): void {
    this.#cancelDeadline();
    this.#cancelDeadline = this.#surroundings.delay(COORDINATOR_GRACE_MS, () => this.#coordinator?.kill());
  }

  /** The coordinator is gone: what it had to say to the workers it has said. */
  async #endWorkers(): Promise<void> {
    const workers = this.#workers;
    if (!workers) return;
    workers.retire();
    workers.stop('SIGTERM');
    if (await this.#within(WORKER_STOP_MS, workers.ended())) return;
    workers.kill();
    await workers.ended();
  }

  async #within(milliseconds: number, work: Promise<void>): Promise<boolean> {
    let cancel: () => void = () => undefined;
    const late = new Promise<boolean>((resolve) => {
      cancel = this.#surroundings.delay(milliseconds, () => resolve(false));
    });
    const inTime = await Promise.race([work.then(() => true), late]);
    cancel();
    return inTime;
  }
}
