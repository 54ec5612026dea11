/**
 * Where the time of a run's steps goes, read from the metrics that coordinator and workers serve while it goes on.
 *
 * Reading them costs the run a little, so a run that is read is not one whose speed is compared.
 */
import { performance } from 'node:perf_hooks';
import { WORKERS } from './training.mjs';

const INTERVAL_MS = 200;
const CPU = 'process_cpu_seconds_total';
const PHASES = ['reduce', 'broadcast', 'optimizer'];

/**
 * Reads metrics until it is told to stop.
 *
 * @param metricsUrl the coordinator's; its `/targets` names the workers'.
 * @param firstStep what comes before it is start-up and left out.
 * @returns `stop`, which resolves with milliseconds a step, or undefined if the run was too short to tell.
 */
export function watchSteps(metricsUrl, firstStep) {
  let first;
  let last;
  let stopped = false;
  let wake;
  const watching = (async () => {
    while (!stopped) {
      const reading = await read(metricsUrl).catch(() => undefined);
      // At its end a run has lost its workers.
      const complete = reading && reading.workers === WORKERS;
      // The first reading that knows of a step: what follows the last step of a run is no part of any.
      if (complete && reading.steps >= firstStep && reading.steps > (last?.steps ?? 0)) {
        first ??= reading;
        last = reading;
      }
      await new Promise((resolve) => {
        wake = resolve;
        setTimeout(resolve, INTERVAL_MS).unref();
      });
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      wake?.();
      await watching;
      return last && last.steps > first.steps ? difference(first, last) : undefined;
    },
  };
}

async function read(metricsUrl) {
  const coordinator = await scrape(metricsUrl);
  const targets = await (await fetch(new URL('/targets', metricsUrl))).json();
  const urls = targets.flatMap(({ targets: hosts }) => hosts.map((host) => `http://${host}/metrics`));
  const workers = await Promise.all(urls.map(scrape));
  const sumOf = (name) => workers.reduce((sum, worker) => sum + (worker.get(name) ?? 0), 0);
  const phase = (name) => coordinator.get(`gradcast_phase_duration_seconds_sum{phase="${name}"}`) ?? 0;
  return {
    at: performance.now() / 1000,
    steps: coordinator.get('gradcast_steps_total') ?? 0,
    step: coordinator.get('gradcast_step_duration_seconds_sum') ?? 0,
    phases: Object.fromEntries(PHASES.map((name) => [name, phase(name)])),
    leases: coordinator.get('gradcast_phase_duration_seconds_count{phase="network"}') ?? 0,
    leaseCompute: phase('compute'),
    leaseNetwork: phase('network'),
    workers: workers.length,
    coordinatorCpu: coordinator.get(CPU) ?? 0,
    workerCpu: sumOf(CPU),
    workerWait: sumOf('gradcast_lease_wait_seconds_total'),
  };
}

/** Samples of the Prometheus text format by name and labels. */
async function scrape(url) {
  const text = await (await fetch(url)).text();
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

/** Milliseconds a step between two readings. */
function difference(first, last) {
  const steps = last.steps - first.steps;
  const perStep = (seconds) => Math.round((seconds / steps) * 10_000) / 10;
  const total = perStep(last.at - first.at);
  const inStep = perStep(last.step - first.step);
  const phases = Object.fromEntries(PHASES.map((name) => [name, perStep(last.phases[name] - first.phases[name])]));
  const leases = (last.leases - first.leases) / steps;
  const perLease = (seconds) => Math.round((seconds / steps / leases) * 10_000) / 10;
  return {
    steps,
    total,
    /** From the step's opening until its last result was added to the tree. */
    results: Math.round((inStep - Object.values(phases).reduce((sum, ms) => sum + ms, 0)) * 10) / 10,
    ...phases,
    /** Records, fingerprints, the ledger: after one step and before the next. */
    between: Math.round((total - inStep) * 10) / 10,
    /** Processor time, all threads: unlike the rest it hardly depends on what else the machine does. */
    cpu: {
      coordinator: perStep(last.coordinatorCpu - first.coordinatorCpu),
      worker: perStep((last.workerCpu - first.workerCpu) / WORKERS),
    },
    worker: {
      /** Gradients of a lease. */
      compute: perLease(last.leaseCompute - first.leaseCompute),
      /** The rest from grant to result: average, optimizer and the way there and back. */
      restOfLease: perLease(last.leaseNetwork - first.leaseNetwork),
      /** Time of the whole run without a gradient under way, as the workers count it once a second. */
      withoutGradient: perStep((last.workerWait - first.workerWait) / WORKERS),
    },
  };
}
