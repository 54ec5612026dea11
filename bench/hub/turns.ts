/**
 * One turn of each contestant: the coordinator with canned workers, or the bare exchange of the same bytes. Every turn
 * starts its processes afresh and ends them.
 */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChildMessage, CoordinatorConfig, ParentMessage } from '@gradcast/config';
import type { Asked as ClientsAsked, Told as ClientsTold } from '../exchange/bare-clients-process.ts';
import type { Asked as ServerAsked, Told as ServerTold } from '../exchange/bare-server-process.ts';
import { BenchmarkError } from '../harness/errors.ts';
import type { Harness } from '../harness/harness.ts';
import type { RunningProcess } from '../harness/running-process.ts';
import { median } from '../harness/statistics.ts';
import type { CannedRun } from './canned.ts';
import type { Asked, Told } from './canned-workers-process.ts';
import { cpuPerStep, usageOf, watchMemory } from './usage.ts';

/** More client processes than this would only fight for the processors: workers beyond share one. */
const CLIENT_PROCESSES = 4;

/** Shares `count` workers out among client processes, as evenly as can be. */
export function clientShares(count: number): readonly number[] {
  const processes = Math.min(count, CLIENT_PROCESSES);
  return Array.from({ length: processes }, (_, i) => Math.ceil((count - i) / processes));
}

/** How workers reach the coordinator: a port, as those of other machines do, or the socket of those that `train` starts. */
export const SOCKETS = ['tcp', 'unix'] as const;
export type Socket = (typeof SOCKETS)[number];

interface CoordinatorSetting {
  readonly config: CoordinatorConfig;
  readonly run: CannedRun;
  readonly workers: number;
  /** TCP by default. */
  readonly socket?: Socket;
  /** Folder for a processor profile. */
  readonly profileTo: string | undefined;
  /** What goes on beside the workers, before they join. @returns what ends it. */
  readonly beside?: (at: Listening) => Promise<() => void>;
}

/** Where a coordinator is. */
export type Listening = Extract<ChildMessage, { type: 'listening' }>;

type Coordinator = RunningProcess<ParentMessage, ChildMessage>;
type Clients = RunningProcess<Asked, Told>;

/** The coordinator's turn. */
export async function coordinatorTurn(
  harness: Harness,
  { config, run, workers, socket = 'tcp', profileTo, beside }: CoordinatorSetting,
) {
  const out = await harness.makeFolder('run');
  const script = join(await harness.build(), 'coordinator.mjs');
  const execArgv = profileTo === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileTo}`];
  const coordinator: Coordinator = harness.startNode(script, { execArgv });
  const clients: Clients[] = [];
  let endBeside = () => {};
  try {
    const access = { credentials: null, local: randomBytes(16).toString('hex') };
    const path = await socketPath(harness, socket);
    coordinator.send({ type: 'coordinate', config: { ...config, out }, access, localSocket: path });
    const listening = await coordinator.next('listening');
    const { localUrl: url } = listening;
    if (beside) endBeside = await beside(listening);
    for (const [index, share] of clientShares(workers).entries()) {
      const client = await harness.startProgram<Asked, Told>('hub/canned-workers-process.ts');
      const names = Array.from({ length: share }, (_, i) => `canned-${index}-${i}`);
      clients.push(client);
      client.send({ type: 'join', url, names, run });
    }
    return await measure(coordinator, clients, run.end - run.begin);
  } finally {
    endBeside();
    await endAll(clients);
    // It stops as on Ctrl-C, which also writes a processor profile.
    coordinator.send({ type: 'stop', signal: 'SIGTERM' });
    await coordinator.gone;
    await rm(out, { recursive: true, force: true });
  }
}

/** Of a Unix socket, or null for a port. */
async function socketPath(harness: Harness, socket: Socket): Promise<string | null> {
  return socket === 'tcp' ? null : join(await harness.makeFolder('socket'), 's');
}

async function measure(coordinator: Coordinator, clients: readonly Clients[], steps: number) {
  const died = coordinator.next('finished').then(() => {
    throw new BenchmarkError('the coordinator ended before the measurement did');
  });
  const answers = Promise.all(clients.map((client) => client.next('answered')));
  // Whichever fails first is the reason; the others fail of it.
  const [usage, answered] = await Promise.race([
    Promise.all([usageBetween(coordinator, clients[0], steps), answers]),
    died,
  ]);
  const [{ ms }] = answered;
  const sum = (member: 'results' | 'bytesDown' | 'bytesUp') =>
    answered.reduce((total, answer) => total + answer[member], 0);
  const bytes = sum('bytesDown') + sum('bytesUp');
  return {
    msPerStep: ms / steps,
    gigabytesPerSecond: bytes / ms / 1e6,
    bytesPerStep: bytes / steps,
    resultsPerStep: sum('results') / steps,
    ...usage,
  };
}

/** What the coordinator uses from the first measured step to the last, as a client sees them. */
async function usageBetween(coordinator: Coordinator, client: Clients, steps: number) {
  await client.next('began');
  const before = usageOf(coordinator.pid);
  const memory = watchMemory(coordinator.pid);
  try {
    await client.next('ended');
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
}

interface BareSetting {
  readonly workers: number;
  readonly socket: Socket;
  readonly bytesDown: number;
  readonly bytesUp: number;
  /** Steps that are not measured, and those that are. */
  readonly warmUp: number;
  readonly steps: number;
}

/** The bare exchange's turn: as many client processes and sockets, messages of the same size. */
export async function bareTurn(harness: Harness, { workers, socket, bytesDown, bytesUp, warmUp, steps }: BareSetting) {
  const server = await harness.startProgram<ServerAsked, ServerTold>('exchange/bare-server-process.ts');
  const clients: RunningProcess<ClientsAsked, ClientsTold>[] = [];
  try {
    const path = await socketPath(harness, socket);
    const { url } = await server.ask({ type: 'listen', path, clients: workers, bytesUp }, 'listening');
    for (const share of clientShares(workers)) {
      const client = await harness.startProgram<ClientsAsked, ClientsTold>('exchange/bare-clients-process.ts');
      clients.push(client);
      client.send({ type: 'join', url, clients: share, bytesUp, through: 'worker' });
    }
    await server.next('complete');
    await server.ask({ type: 'exchange', steps: warmUp, bytesDown }, 'exchanged');
    const before = usageOf(server.pid);
    const { times } = await server.ask({ type: 'exchange', steps, bytesDown }, 'exchanged');
    const after = usageOf(server.pid);
    const ms = times.reduce((sum, each) => sum + each, 0);
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

async function endAll(processes: readonly { kill(): void; readonly gone: Promise<void> }[]): Promise<void> {
  for (const child of processes) child.kill();
  await Promise.all(processes.map(({ gone }) => gone));
}
