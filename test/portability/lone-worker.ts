/**
 * A whole worker in any runtime, and a coordinator that asks it for its probe only: greeting, compute thread, engine,
 * digests, goodbye. The same program runs in Node and in a page.
 */
import { EXAMPLE } from '@gradcast/definition/example';
import { decodeFromWorker, encodeFrame } from '@gradcast/protocol';
import { Compute, introductionOf, Work } from '@gradcast/worker-core';
import type { ComputeDevice, Connect, Outcome, StartThread } from '@gradcast/worker-core';

const PRESET = 'mnist';
const SEED = 9;
/** The smallest micro-batch that BatchNorm takes. */
const MICRO_BATCH = 16;

/** What came of it. */
export interface LoneWork {
  /** SHA-256 of the gradient of the run's probe micro-batch. */
  readonly probe: string;
  readonly outcome: Outcome;
}

/** Hexadecimal, by Web Crypto, which all runtimes have. */
export const sha256: ComputeDevice['sha256'] = async (bytes) => {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
};

/** Lets a worker join a run, compute its probe and go home. */
export async function workAlone(start: StartThread): Promise<LoneWork> {
  const compute = await Compute.start(start);
  const probes: string[] = [];
  const work = new Work({
    compute,
    introduction: await introductionOf({ profile: compute.profile, name: 'alone', metricsPort: null, sha256 }),
    connect: coordinator((probe) => probes.push(probe)),
    clock: { now: () => performance.now(), after },
    jitter: Math.random,
    reconnectSeconds: 0,
    graceSeconds: 0,
    events: { notice: () => undefined, measured: () => undefined, waited: () => undefined },
  });
  const outcome = await work.run();
  return { probe: probes.join(), outcome };
}

/** A coordinator within the process: welcomes, takes the probe, and says that the run is done. */
function coordinator(onProbe: (probe: string) => void): Connect {
  return (events) => {
    const say = (message: Parameters<typeof encodeFrame>[0]) =>
      queueMicrotask(() => events.message(encodeFrame(message)));
    queueMicrotask(() => events.opened());
    return {
      send: (bytes) => {
        const { message } = decodeFromWorker(bytes);
        if (message.type === 'hello') say(WELCOME);
        if (message.type !== 'ready') return;
        onProbe(message.probe);
        say({ type: 'done', incarnation: WELCOME.incarnation, reason: 'the probe was all' });
      },
      close: () => Promise.resolve(),
    };
  };
}

const WELCOME = {
  type: 'welcome',
  incarnation: 1,
  run: 'run-1',
  worker: 'alone',
  session: 'ab'.repeat(16),
  ...EXAMPLE,
  preset: PRESET,
  seed: SEED,
  microBatchSize: MICRO_BATCH,
  silenceSeconds: 60,
} as const;

function after(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}
