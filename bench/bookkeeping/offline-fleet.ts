/**
 * A fleet without a network: sockets that take everything and workers that answer every lease with one tiny vector. What
 * is left of a step is what the coordinator does for its results: frames read and written, leases, shares, sums of 48
 * elements.
 */
import { EXAMPLE } from '@gradcast/definition/example';
import { encodeFrame } from '@gradcast/protocol';
import { createCodec } from '@gradcast/reduction';
import { alignedSubtrees } from '@gradcast/schedule';
import type { MessageOf, WorkerMessage } from '@gradcast/protocol';
import { referenceKernels as kernels } from '@gradcast/vector';
import { auditPicks, leafPicks } from '../../apps/coordinator/src/audit/audit-picks.ts';
import { VolunteerTrust } from '../../apps/coordinator/src/audit/volunteer-trust.ts';
import { DirectReducer } from '../../apps/coordinator/src/leasing/reducer.ts';
import { Fleet } from '../../apps/coordinator/src/run/fleet.ts';
import type { OpenStep } from '../../apps/coordinator/src/leasing/open-step.ts';
import { cpuMsSince } from '../harness/timing.ts';
import { OfflineSocket } from './offline-socket.ts';
import { cannedHello } from '../harness/canned-hello.ts';
import { failOn, FIELDS, fingerprintOf, LAYOUT, QUIET, SCALARS, SHAPE, TAIL } from '../harness/tiny-run.ts';

const LEASE_MS = 10;
const TICK_MS = 100;
const SEED = 7;
const INCARNATION = 1;
export class OfflineFleet {
  readonly #fleet: Fleet;
  readonly #workers: readonly OfflineWorker[];
  #step: OpenStep;
  #version = 0;
  /** Milliseconds that the fleet believes to have passed: every lease takes equally long, so shares are equal. */
  #clock = 0;

  /** @param workers N, also M: one leaf for each. */
  constructor({ workers, auditRate }: { readonly workers: number; readonly auditRate: number }) {
    const codec = createCodec('f32', { layout: LAYOUT, seed: SEED, kernels });
    this.#fleet = new Fleet({
      ...QUIET,
      terms: {
        incarnation: INCARNATION,
        run: 'offline',
        ...EXAMPLE,
        seed: SEED,
        microBatchSize: SHAPE.microBatchSize,
        microBatches: workers,
      },
      payload: SHAPE,
      codec,
      reducer: new DirectReducer(codec),
      cut: (_step, { count }) => ({
        images: new Uint8Array(count * SHAPE.microBatchSize * FIELDS[0].elements),
        noise: new Float32Array(count * SHAPE.microBatchSize * FIELDS[1].elements),
      }),
      now: () => this.#clock,
      maxWorkers: workers,
      maxVolunteers: workers,
      volunteerShare: 0.5,
      trust: new VolunteerTrust({ isPicked: leafPicks('secret'), rate: auditRate }),
      isAudited: auditPicks('secret', auditRate),
      hasArbiter: auditRate > 0,
      startArbiter: failOn('an arbiter was called'),
    });
    this.#publish();
    // Workers join while a step is open; that one ends without a sum.
    this.#step = this.#fleet.open(0);
    this.#workers = Array.from({ length: workers }, (_, i) => new OfflineWorker(this.#fleet, `worker-${i}`));
    this.#step.stop();
  }

  #publish(): void {
    this.#fleet.publish({
      version: this.#version,
      fingerprint: fingerprintOf(this.#version),
      vectors: [0, 1, 2].map(() => new Float32Array(SHAPE.parameters)),
      normBound: Infinity,
      suspectNorm: Infinity,
    });
  }

  /** One step, from its opening to the committed state behind it. */
  step(): { readonly cpuMs: number; readonly results: number } {
    const before = process.cpuUsage();
    const version = this.#version;
    let results = 0;
    this.#step = this.#fleet.open(version);
    this.#fleet.prepare(version + 1);
    this.#clock += LEASE_MS;
    while (!this.#step.isClosed) {
      const known = results;
      for (const worker of this.#workers) results += worker.answer(version, fingerprintOf(version));
      if (results === known) throw new Error('the step does not close');
    }
    void this.#fleet.broadcast(version, new Uint8Array(SHAPE.parameters * 4), SCALARS);
    this.#version += 1;
    this.#publish();
    for (const worker of this.#workers) worker.applied(this.#version);
    this.#clock += TICK_MS;
    this.#fleet.tick();
    return { cpuMs: cpuMsSince(before), results };
  }
}

class OfflineWorker {
  readonly #socket = new OfflineSocket();
  #leases: MessageOf<'lease'>[] = [];

  constructor(fleet: Fleet, name: string) {
    this.#socket.onMessage = (message) => {
      if (message.type === 'lease') this.#leases.push(message);
    };
    fleet.add({
      socket: this.#socket.socket,
      address: '127.0.0.1',
      // Each has a secret of its own, so that any two may confirm each other.
      credential: { kind: 'own', name, role: 'worker' },
      bytesRead: () => 0,
      whenLarge: () => undefined,
    });
    this.#say(cannedHello(name));
    this.#say({ type: 'ready', incarnation: INCARNATION, probe: 'ab'.repeat(32), probeMs: 10 });
    this.applied(0);
  }

  applied(version: number): void {
    this.#say({ type: 'applied', incarnation: INCARNATION, version });
  }

  /** Answers all leases of a version. @returns the number of results. */
  answer(version: number, fingerprint: string): number {
    const due = this.#leases.filter((lease) => lease.version === version);
    this.#leases = this.#leases.filter((lease) => lease.version > version);
    let results = 0;
    for (const { lease, first, count } of due) {
      for (const subtree of alignedSubtrees({ first, count })) {
        this.#say(
          {
            type: 'result',
            incarnation: INCARNATION,
            lease,
            version,
            subtree,
            fingerprint,
            computeMs: 0,
            queueMs: 0,
          },
          [new Float32Array(SHAPE.parameters + TAIL)],
        );
        results += 1;
      }
    }
    return results;
  }

  #say(message: WorkerMessage, parts: readonly ArrayBufferView[] = []): void {
    this.#socket.emit('message', Buffer.from(encodeFrame(message, parts)), true);
  }
}
