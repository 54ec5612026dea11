/**
 * A fleet by the clock of an event queue: the coordinator's own leasing and audits, and workers that take a given time for each
 * leaf and send one tiny vector. What a step takes and how much is computed twice does not depend on the machine.
 */
import { EXAMPLE } from '@gradcast/definition/example';
import { encodeFrame } from '@gradcast/protocol';
import type { MessageOf, WorkerMessage } from '@gradcast/protocol';
import { createCodec } from '@gradcast/reduction';
import { alignedSubtrees } from '@gradcast/schedule';
import { referenceKernels as kernels } from '@gradcast/vector';
import { leafPicks } from '../../apps/coordinator/src/audit/audit-picks.ts';
import type { ArbiterRequest } from '../../apps/coordinator/src/audit/arbitration.ts';
import { VolunteerTrust } from '../../apps/coordinator/src/audit/volunteer-trust.ts';
import { LOCAL, VOLUNTEER } from '../../apps/coordinator/src/network/credentials.ts';
import type { Credential } from '../../apps/coordinator/src/network/credentials.ts';
import { DirectReducer } from '../../apps/coordinator/src/leasing/reducer.ts';
import { Fleet, TICK_MS } from '../../apps/coordinator/src/run/fleet.ts';
import { OfflineSocket } from '../bookkeeping/offline-socket.ts';
import { FIELDS, fingerprintOf, LAYOUT, QUIET, SCALARS, SHAPE, TAIL } from '../harness/tiny-run.ts';
import { cannedHello } from '../harness/canned-hello.ts';

const INCARNATION = 1;
const SEED = 7;
/** More than any volunteer needs to have earned for its share of checks to be the rate. */
const EARNED = 1e7;

export interface Scene {
  readonly leaves: number;
  readonly volunteers: number;
  readonly rate: number;
  /** Whether they have proved themselves. */
  readonly areProven: boolean;
  /** Milliseconds a leaf of the trusted worker and of each volunteer. */
  readonly leafMs: number;
  /** Of the arbiter; undefined where the trusted worker has the volunteers' profile and checks them itself. */
  readonly arbiterLeafMs: number | undefined;
}

export interface SimulatedStep {
  readonly ms: number;
  /** Leaves that came, those that were computed again included. */
  readonly computed: number;
  /** Leaves of volunteers that were used. */
  readonly ofVolunteers: number;
}

export class SimulatedFleet {
  readonly #scene: Scene;
  readonly #fleet: Fleet;
  readonly #workers: SimulatedWorker[] = [];
  readonly #coming: SimulatedWorkerOptions[] = [];
  #version = 0;
  #clock = 0;
  #nextTick = TICK_MS;

  constructor(scene: Scene) {
    this.#scene = scene;
    const { leaves, rate, volunteers, leafMs, arbiterLeafMs, areProven } = scene;
    const trust = new VolunteerTrust({ isPicked: leafPicks('secret'), rate });
    const codec = createCodec('f32', { layout: LAYOUT, seed: SEED, kernels });
    this.#fleet = new Fleet({
      ...QUIET,
      terms: {
        incarnation: INCARNATION,
        run: 'simulated',
        ...EXAMPLE,
        seed: SEED,
        microBatchSize: 2,
        microBatches: leaves,
      },
      payload: SHAPE,
      codec,
      reducer: new DirectReducer(codec),
      cut: (_step, { count }) =>
        Object.fromEntries(
          FIELDS.map(({ name, dtype, elements }) => {
            const length = count * SHAPE.microBatchSize * elements;
            return [name, dtype === 'u8' ? new Uint8Array(length) : new Float32Array(length)];
          }),
        ),
      now: () => this.#clock,
      maxWorkers: 8,
      maxVolunteers: 64,
      volunteerShare: 0.5,
      trust,
      isAudited: () => false,
      hasArbiter: true,
      startArbiter: (request) => this.#startArbiter(request),
    });
    this.#publish();
    const own = arbiterLeafMs === undefined ? 'wasm' : 'native';
    this.#join({ name: 'worker', credential: LOCAL, leafMs, backend: own });
    for (let i = 1; i <= volunteers; i++) {
      this.#join({ name: `volunteer-${i}`, credential: VOLUNTEER, leafMs, backend: 'wasm' });
      // Sessions are numbered in the order in which they come.
      if (areProven) trust.right(`session-${i + 1}`, { version: -1, start: 0, size: EARNED }, true);
    }
  }

  /** One step, from its opening to the committed state behind it. */
  step(): SimulatedStep {
    const openedAt = this.#clock;
    const step = this.#fleet.open(this.#version);
    this.#fleet.prepare(this.#version + 1);
    while (!step.isClosed) this.#next();
    void this.#fleet.broadcast(this.#version, new Uint8Array(SHAPE.parameters * 4), SCALARS);
    this.#version += 1;
    this.#publish();
    for (const worker of this.#workers) worker.reach(this.#version, this.#clock);
    const sum = (of: readonly { readonly size: number }[]) => of.reduce((total, { size }) => total + size, 0);
    const used = ({ outcome }: { readonly outcome: string }) => outcome === 'accepted' || outcome === 'held';
    return {
      ms: this.#clock - openedAt,
      computed: sum(step.history),
      ofVolunteers: sum(step.history.filter((each) => each.volunteer !== undefined && used(each))),
    };
  }

  /** The next worker to finish a lease answers it, or time passes. @throws Error if nobody ever will. */
  #next(): void {
    // An arbiter joins once whoever asked for it is done asking.
    for (const who of this.#coming.splice(0)) this.#join(who);
    const due = this.#workers.reduce((first, each) => (each.dueAt < first.dueAt ? each : first));
    if (due.dueAt > this.#nextTick) {
      this.#clock = this.#nextTick;
      this.#nextTick += TICK_MS;
      if (this.#clock > 1e8) throw new Error('the step does not close');
      this.#fleet.tick();
      return;
    }
    this.#clock = due.dueAt;
    due.answer();
  }

  #startArbiter({ name }: ArbiterRequest) {
    const { leafMs, arbiterLeafMs = leafMs } = this.#scene;
    this.#coming.push({ name, credential: LOCAL, leafMs: arbiterLeafMs, backend: 'wasm' });
    return { hasEnded: false, end: () => undefined };
  }

  #join(who: SimulatedWorkerOptions): void {
    const worker = new SimulatedWorker(who, () => this.#clock);
    this.#workers.push(worker);
    worker.join(this.#fleet, this.#version);
  }

  #publish(): void {
    const vectors = [0, 1, 2].map(() => new Float32Array(SHAPE.parameters));
    const fingerprint = fingerprintOf(this.#version);
    this.#fleet.publish({ version: this.#version, fingerprint, vectors, normBound: Infinity, suspectNorm: Infinity });
  }
}

interface SimulatedWorkerOptions {
  readonly name: string;
  readonly credential: Credential;
  readonly leafMs: number;
  readonly backend: string;
}

/** Computes its leases one after the other. */
class SimulatedWorker {
  readonly #options: SimulatedWorkerOptions;
  readonly #now: () => number;
  readonly #socket = new OfflineSocket();
  #leases: MessageOf<'lease'>[] = [];
  #version = -1;
  /** When it began with its first lease. */
  #beganAt = 0;

  constructor(options: SimulatedWorkerOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
    this.#socket.onMessage = (message) => {
      if (message.type === 'ping') this.#say({ type: 'pong', incarnation: INCARNATION, id: message.id });
      if (message.type !== 'lease') return;
      if (this.#lease === undefined) this.#beganAt = this.#now();
      this.#leases.push(message);
    };
  }

  join(fleet: Fleet, version: number): void {
    const { name, credential, leafMs, backend } = this.#options;
    const traffic = { bytesRead: () => 0, whenLarge: () => undefined };
    fleet.add({ socket: this.#socket.socket, address: '10.0.0.1', credential, ...traffic });
    this.#say({ ...cannedHello(name), backend, profile: { backend } });
    this.#say({ type: 'ready', incarnation: INCARNATION, probe: 'ab'.repeat(32), probeMs: leafMs });
    this.reach(version, this.#now());
  }

  /** Its replica is at a version: what it was leased ahead it begins with now. */
  reach(version: number, now: number): void {
    this.#version = version;
    this.#leases = this.#leases.filter((lease) => lease.version >= version);
    this.#beganAt = now;
    this.#say({ type: 'applied', incarnation: INCARNATION, version });
  }

  /** When it has computed the lease at hand. */
  get dueAt(): number {
    const lease = this.#lease;
    return lease ? this.#beganAt + lease.count * this.#options.leafMs : Infinity;
  }

  /** What it computes: leases of the next step wait. */
  get #lease(): MessageOf<'lease'> | undefined {
    return this.#leases.find(({ version }) => version === this.#version);
  }

  answer(): void {
    const lease = this.#lease!;
    this.#leases.splice(this.#leases.indexOf(lease), 1);
    this.#beganAt = this.#now();
    const fingerprint = fingerprintOf(lease.version);
    for (const subtree of alignedSubtrees(lease)) {
      const { lease: id, version } = lease;
      const times = { computeMs: 0, queueMs: 0 };
      const vector = new Float32Array(SHAPE.parameters + TAIL);
      this.#say({ type: 'result', incarnation: INCARNATION, lease: id, version, subtree, fingerprint, ...times }, [
        vector,
      ]);
    }
  }

  #say(message: WorkerMessage, parts: readonly ArrayBufferView[] = []): void {
    this.#socket.emit('message', Buffer.from(encodeFrame(message, parts)), true);
  }
}
