/**
 * Where the time of a run's steps goes, read from the metrics that coordinator and workers serve while it goes on.
 *
 * Reading them costs the run a little, so a run that is read is not one whose speed is compared.
 */
import { performance } from 'node:perf_hooks';
import { follow, scrape, textAt } from '../harness/metrics.ts';
import { WORKERS } from '../harness/training.ts';

const INTERVAL_MS = 200;
const CPU = 'process_cpu_seconds_total';
const PHASES = ['reduce', 'broadcast', 'optimizer', 'other'] as const;

type Reading = Awaited<ReturnType<typeof read>>;

export type StepTimes = ReturnType<typeof difference>;

/**
 * Reads metrics until it is told to stop.
 *
 * @param metricsUrl the coordinator's; its `/targets` names the workers'.
 * @param firstStep what comes before it is start-up and left out.
 * @returns `stop`, which resolves with milliseconds a step, or undefined if the run was too short to tell.
 */
export function watchSteps(metricsUrl: string, firstStep: number): { stop(): Promise<StepTimes | undefined> } {
  let known = 0;
  const following = follow(INTERVAL_MS, async (signal) => {
    const reading = await read(metricsUrl, signal);
    // At its end a run has lost its workers.
    const isComplete = reading.workers === WORKERS;
    // The first reading that knows of a step: what follows the last step of a run is no part of any.
    if (!isComplete || reading.steps < firstStep || reading.steps <= known) return undefined;
    known = reading.steps;
    return reading;
  });
  return {
    stop: async () => {
      const readings = await following.stop();
      return readings.length > 1 ? difference(readings[0], readings[readings.length - 1]) : undefined;
    },
  };
}

async function read(metricsUrl: string, signal: AbortSignal) {
  const coordinator = await scrape(metricsUrl, signal);
  const targets = JSON.parse(await textAt(new URL('/targets', metricsUrl), signal)) as readonly {
    readonly targets: readonly string[];
  }[];
  const urls = targets.flatMap(({ targets: hosts }) => hosts.map((host) => `http://${host}/metrics`));
  const workers = await Promise.all(urls.map((url) => scrape(url, signal)));
  const sumOf = (name: string) => workers.reduce((sum, worker) => sum + worker.value(name), 0);
  const phase = (name: string) => coordinator.value('gradcast_step_phase_duration_seconds_sum', { phase: name });
  const leasePhase = (name: string) => coordinator.value('gradcast_lease_phase_duration_seconds_sum', { phase: name });
  return {
    at: performance.now() / 1000,
    steps: coordinator.value('gradcast_steps_total'),
    step: coordinator.value('gradcast_step_duration_seconds_sum'),
    reduce: phase('reduce'),
    broadcast: phase('broadcast'),
    optimizer: phase('optimizer'),
    other: phase('other'),
    leases: coordinator.value('gradcast_lease_phase_duration_seconds_count', { phase: 'network' }),
    leaseCompute: leasePhase('compute'),
    leaseNetwork: leasePhase('network'),
    workers: workers.length,
    coordinatorCpu: coordinator.value(CPU),
    workerCpu: sumOf(CPU),
    workerWait: sumOf('gradcast_lease_wait_seconds_total'),
  };
}

/** Milliseconds a step between two readings. */
function difference(first: Reading, last: Reading) {
  const grown = (name: keyof Reading) => last[name] - first[name];
  const steps = grown('steps');
  const perStep = (seconds: number) => tenths((seconds / steps) * 1000);
  const total = perStep(grown('at'));
  const inStep = perStep(grown('step'));
  const [reduce, broadcast, optimizer, other] = PHASES.map((name) => perStep(grown(name)));
  const leases = grown('leases') / steps;
  const perLease = (seconds: number) => tenths((seconds / steps / leases) * 1000);
  return {
    steps,
    total,
    /** From the step's opening until its last result was added to the tree, without what of the rest lies there unhidden. */
    results: tenths(inStep - reduce - broadcast - optimizer - other),
    reduce,
    broadcast,
    optimizer,
    /** Records, fingerprints, the ledger, as far as no computing hides them. */
    between: other,
    /** Processor time, all threads: unlike the rest it hardly depends on what else the machine does. */
    cpu: { coordinator: perStep(grown('coordinatorCpu')), worker: perStep(grown('workerCpu') / WORKERS) },
    worker: {
      /** Gradients of a lease. */
      compute: perLease(grown('leaseCompute')),
      /** The rest from grant to result: average, optimizer and the way there and back. */
      restOfLease: perLease(grown('leaseNetwork')),
      /** Time of the whole run without a gradient under way, as the workers count it once a second. */
      withoutGradient: perStep(grown('workerWait') / WORKERS),
    },
  };
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
