/**
 * One turn of each contestant: the coordinator with canned workers, or the bare exchange of the same bytes. Every turn
 * starts its processes afresh and ends them.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../forked.mjs';
import { median } from '../report.mjs';
import { usageOf, watchMemory } from './usage.mjs';

/** More client processes than this would only fight for the processors: workers beyond share one. */
const CLIENT_PROCESSES = 4;
const script = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Shares `count` workers out among client processes, as evenly as can be. */
export function clientShares(count) {
  const processes = Math.min(count, CLIENT_PROCESSES);
  return Array.from({ length: processes }, (_, i) => Math.ceil((count - i) / processes));
}

/**
 * The coordinator's turn.
 *
 * @param setting `built` and `scratch` folders, `library` bundle, `run` (preset, codec, fingerprints, …), `workers`, steps
 *   to `begin` and `end` at, `profileTo`, a folder for a processor profile or undefined.
 */
export async function coordinatorTurn({ built, scratch, library, config, run, workers, profileTo }) {
  const execArgv = profileTo === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileTo}`];
  const out = await mkdtemp(join(scratch, 'run-'));
  const coordinator = startProcess(join(built, 'coordinator.mjs'), { execArgv });
  const clients = [];
  try {
    const access = { credentials: null, local: randomBytes(16).toString('hex') };
    coordinator.send({ type: 'coordinate', config: { ...config, out }, access, localSocket: null });
    const { url } = await coordinator.next('listening');
    let next = 0;
    for (const share of clientShares(workers)) {
      const client = startProcess(script('canned-workers.mjs'));
      const names = Array.from({ length: share }, () => `canned-${next++}`);
      clients.push(client);
      client.send({ type: 'join', library, url, names, run });
    }
    return await measure(coordinator, clients, run.end - run.begin);
  } finally {
    await endAll(clients);
    // It stops as on Ctrl-C, which also writes a processor profile.
    coordinator.send({ type: 'stop', signal: 'SIGTERM' });
    await coordinator.ended;
    await rm(out, { recursive: true, force: true });
  }
}

async function measure(coordinator, clients, steps) {
  const died = coordinator.next('finished').then(() => {
    throw new Error('the coordinator ended before the measurement did');
  });
  const [first] = clients;
  const measured = (async () => {
    await first.next('began');
    const before = usageOf(coordinator.pid);
    const memory = watchMemory(coordinator.pid);
    try {
      await first.next('ended');
      const after = usageOf(coordinator.pid);
      const samples = memory.stop();
      return {
        ...cpuPerStep(before, after, steps),
        rssMb: median(samples),
        peakMb: after.peakMb ?? Math.max(...samples),
      };
    } finally {
      memory.stop();
    }
  })();
  const answers = Promise.all(clients.map((client) => client.next('answered')));
  // Whichever fails first is the reason; the others fail of it.
  const [usage, [clock, ...others]] = await Promise.race([Promise.all([measured, answers]), died]);
  const all = [clock, ...others];
  const sum = (member) => all.reduce((total, answer) => total + answer[member], 0);
  const bytes = sum('bytesDown') + sum('bytesUp');
  return {
    msPerStep: clock.ms / steps,
    gigabytesPerSecond: bytes / clock.ms / 1e6,
    bytesPerStep: bytes / steps,
    resultsPerStep: sum('results') / steps,
    ...usage,
  };
}

function cpuPerStep(before, after, steps) {
  const per = (member) => ((after[member] - before[member]) * 1000) / steps;
  const all = { cpuMsPerStep: per('cpuSeconds') };
  return after.mainCpuSeconds === undefined ? all : { ...all, mainCpuMsPerStep: per('mainCpuSeconds') };
}

/** The bare exchange's turn: as many client processes and sockets, messages of the same size. */
export async function bareTurn({ library, workers, bytesDown, bytesUp, warmUp, steps }) {
  const server = startProcess(script('bare-server.mjs'));
  const clients = [];
  try {
    const { url } = await server.ask({ type: 'listen', clients: workers, bytesUp }, 'listening');
    for (const share of clientShares(workers)) {
      const client = startProcess(script('bare-clients.mjs'));
      clients.push(client);
      client.send({ type: 'join', library, url, clients: share, bytesUp });
    }
    await server.next('complete');
    await server.ask({ type: 'exchange', steps: warmUp, bytesDown }, 'exchanged');
    const before = usageOf(server.pid);
    const { ms } = await server.ask({ type: 'exchange', steps, bytesDown }, 'exchanged');
    const after = usageOf(server.pid);
    return {
      msPerStep: ms / steps,
      gigabytesPerSecond: (workers * (bytesDown + bytesUp) * steps) / ms / 1e6,
      ...cpuPerStep(before, after, steps),
      rssMb: after.rssMb,
    };
  } finally {
    await endAll([...clients, server]);
  }
}

async function endAll(processes) {
  for (const child of processes) child.kill();
  await Promise.all(processes.map(({ ended }) => ended));
}
