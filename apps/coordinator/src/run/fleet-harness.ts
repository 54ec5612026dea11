/** A fleet on a test's harness: fake sockets, a clock by hand, gradients by formula. */
import type { Distrusted } from '@gradcast/config';
import { EXAMPLE } from '@gradcast/definition/example';
import { alignedSubtrees } from '@gradcast/schedule';
import type { Subtree } from '@gradcast/schedule';
import { encodeFrame, PROTOCOL_VERSION } from '@gradcast/protocol';
import type { CoordinatorMessage, MessageOf, Received, WorkerMessage } from '@gradcast/protocol';
import { createCodec } from '@gradcast/reduction';
import { floatsOf } from '@gradcast/tensors';
import { referenceKernels as kernels } from '@gradcast/vector';
import { ANYBODY, LOCAL, VOLUNTEER } from '../network/credentials.ts';
import type { ArbiterRequest } from '../audit/arbitration.ts';
import { VolunteerTrust } from '../audit/volunteer-trust.ts';
import type { Connection } from '../network/connection.ts';
import { FakeSocket } from '../network/fake-socket.ts';
import { Fleet, TICK_MS } from './fleet.ts';
import type { FleetOptions } from './fleet.ts';
import type { FleetEvents } from '../events.ts';
import type { OpenStep } from '../leasing/open-step.ts';
import { DirectReducer } from '../leasing/reducer.ts';

export const LEAVES = 8;
export const INCARNATION = 3;
const [PIXELS, LATENT] = [4, 2];
const fields = [
  { name: 'images', dtype: 'u8', elements: PIXELS },
  { name: 'noise', dtype: 'f32', elements: LATENT },
] as const;
const shape = { parameters: 32, slots: 2, fields, microBatchSize: 2 };
const TAIL = 16;
/** The element behind the only tensor. */
export const PADDING = 31;
const layout = {
  parameters: { entries: [{ name: 'weights', shape: [31], offset: 0, size: 31 }], length: shape.parameters },
  groups: [
    { name: 'first', from: 0, to: 16 },
    { name: 'second', from: 16, to: shape.parameters },
  ],
  tail: { entries: [], length: TAIL },
};

const codec = createCodec('f32', { layout, seed: 7, kernels });

/** The gradient and tail of one leaf; sums of such values are rounded, so their order shows. */
export function leafGradient(version: number, leaf: number): Float32Array {
  const length = shape.parameters + TAIL;
  const vector = Float32Array.from(
    { length },
    (_, i) => (((version + 1) * (leaf + 3) * (i + 7)) % 101) / 3 ** (leaf % 5),
  );
  vector[PADDING] = 0;
  return vector;
}

/** The sum of a subtree by definition. */
export function treeSum(version: number, { start, size }: Subtree): Float32Array {
  if (size === 1) return leafGradient(version, start);
  const left = treeSum(version, { start, size: size / 2 });
  kernels.add(left, treeSum(version, { start: start + size / 2, size: size / 2 }));
  return left;
}

/** What a whole step sums to. */
export const stepSum = (version: number) => treeSum(version, { start: 0, size: LEAVES });

export const fingerprintOf = (version: number) => version.toString(16).padStart(32, '0');

function imagesOf(step: number, first: number, count: number): Uint8Array {
  const length = count * shape.microBatchSize * PIXELS;
  return Uint8Array.from({ length }, (_, i) => step * 16 + first + i);
}

export class FakeWorker {
  readonly socket = new FakeSocket();
  readonly #name: string;
  /** How a hello differs from the usual one. */
  readonly #introduction: Partial<MessageOf<'hello'>>;

  constructor(name: string, introduction: Partial<MessageOf<'hello'>> = {}) {
    this.#name = name;
    this.#introduction = introduction;
  }

  bytes(data: Uint8Array, isBinary = true): void {
    this.socket.emit('message', Buffer.from(data), isBinary);
  }

  says(message: WorkerMessage, parts: readonly ArrayBufferView[] = []): void {
    this.bytes(encodeFrame(message, parts));
  }

  hello(session: string | null = null): void {
    this.says({
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      backend: 'wasm',
      device: 'cpu',
      profile: { backend: 'wasm' },
      threads: 1,
      name: this.#name,
      metricsPort: null,
      session,
      ...this.#introduction,
    });
  }

  ready(probeMs = 10, more: Partial<MessageOf<'ready'>> = {}): void {
    this.says({ type: 'ready', incarnation: INCARNATION, probe: 'ab'.repeat(32), probeMs, ...more });
  }

  applied(version: number): void {
    this.says({ type: 'applied', incarnation: INCARNATION, version });
  }

  /** What was sent to it of one type. */
  of<T extends CoordinatorMessage['type']>(type: T): Received<MessageOf<T>>[] {
    const isWanted = (sent: Received<CoordinatorMessage>): sent is Received<MessageOf<T> & CoordinatorMessage> =>
      sent.message.type === type;
    return this.socket.sent.filter(isWanted);
  }

  get leases(): MessageOf<'lease'>[] {
    return this.of('lease').map(({ message }) => message);
  }

  /** The newest lease. */
  get lease(): MessageOf<'lease'> {
    return this.leases[this.leases.length - 1];
  }

  /** Leaves it was asked for, as `first+count`. */
  get asked(): string[] {
    return this.leases.map(({ first, count }) => `${first}+${count}`);
  }

  /** Code of its refusal, if it was refused. */
  get refusedWith(): string | undefined {
    return this.of('refuse').at(-1)?.message.code;
  }

  /** Sends one result for a subtree of a lease. */
  result(
    subtree: Subtree,
    options: {
      readonly lease?: MessageOf<'lease'>;
      readonly vector?: Float32Array;
      readonly change?: Partial<MessageOf<'result'>>;
    } = {},
  ): void {
    const { lease = this.lease, vector, change } = options;
    const { version } = lease;
    const message: MessageOf<'result'> = {
      type: 'result',
      incarnation: INCARNATION,
      lease: lease.lease,
      version,
      subtree,
      fingerprint: fingerprintOf(version),
      computeMs: 5,
      queueMs: 1,
    };
    this.says({ ...message, ...change }, [vector ?? treeSum(version, subtree)]);
  }

  /** Answers a lease as an honest worker does; `alter` changes each vector. */
  answer(lease: MessageOf<'lease'> = this.lease, alter: (vector: Float32Array) => void = () => undefined): void {
    for (const subtree of alignedSubtrees(lease)) {
      const vector = treeSum(lease.version, subtree);
      alter(vector);
      this.result(subtree, { lease, vector });
    }
  }
}

export class FleetHarness {
  readonly fleet: Fleet;
  /** Milliseconds; moves by hand. */
  clock = 0;
  /** What the fleet told, as words. */
  readonly told: string[] = [];
  version = 0;
  /** A test may put its own in place of one. */
  readonly events: FleetEvents;
  /** Volunteers that were found wrong. */
  readonly distrusted: Distrusted[] = [];
  /** Arbiters that were asked for and did not come yet. */
  readonly arbiterRequests: ArbiterRequest[] = [];
  #joined = 0;

  constructor(change: Partial<FleetOptions> = {}) {
    const tell = (...words: (string | number)[]) => void this.told.push(words.join(' '));
    const events: FleetEvents = {
      joined: ({ name }) => tell('joined', name),
      left: (worker, { why, reason }) => tell('left', worker, why, reason),
      forgotten: () => undefined,
      refused: (worker, code) => tell('refused', worker, code),
      resultRefused: (code) => tell('result-refused', code),
      lease: (outcome, worker) => tell(outcome, worker),
      leaseTime: (worker, totalMs, computeMs) => tell('time', worker, totalMs, computeMs),
      mismatch: (worker) => tell('mismatch', worker),
      bytes: () => undefined,
      audit: (ending) => tell('audit', ending),
      happened: (event) => {
        if (event.type === 'drain-asked') tell('drain-asked', event.worker, event.by);
        if (event.type === 'quarantined') tell('quarantined', event.worker, event.reason, event.termMs);
        if (event.type === 'parked') tell('parked', event.worker, event.bytesPerSecond, event.neededBytesPerSecond);
        if (event.type === 'distrusted') this.distrusted.push(event);
      },
      failed: (worker, error) => tell('failed', worker, String(error)),
      stalled: (ms) => tell('stalled', ms),
      notice: (sentence) => tell('notice', sentence),
    };
    this.events = events;
    this.fleet = new Fleet({
      terms: {
        incarnation: INCARNATION,
        run: 'run-1',
        ...EXAMPLE,
        seed: 7,
        microBatchSize: shape.microBatchSize,
        microBatches: LEAVES,
      },
      payload: shape,
      codec,
      reducer: new DirectReducer(codec),
      cut: (step, { first, count }) => ({
        images: imagesOf(step, first, count),
        noise: new Float32Array(count * shape.microBatchSize * LATENT).fill(step),
      }),
      now: () => this.clock,
      events,
      isTailSound: () => true,
      minWorkers: 1,
      maxWorkers: 64,
      maxVolunteers: 64,
      volunteerShare: 0.5,
      trust: new VolunteerTrust({ isPicked: () => false, rate: 0 }),
      isAudited: () => false,
      hasArbiter: false,
      isNear: () => false,
      exactProfile: null,
      backend: 'auto',
      expectsOwn: () => false,
      resumed: false,
      startArbiter: (request) => {
        tell('arbiter', request.backend);
        this.arbiterRequests.push(request);
        return { hasEnded: false, end: () => tell('arbiter ended', request.backend) };
      },
      ...change,
    });
    this.publish(0);
  }

  publish(version: number, normBound = Infinity): void {
    this.version = version;
    const vectors = [0, 1, 2].map((i) => new Float32Array(shape.parameters).fill(version * 3 + i));
    this.fleet.publish({ version, fingerprint: fingerprintOf(version), vectors, normBound, suspectNorm: normBound });
  }

  /** A connection that has said nothing. */
  connect(name: string, introduction?: Partial<MessageOf<'hello'>>, connection: Partial<Connection> = {}): FakeWorker {
    const worker = new FakeWorker(name, introduction);
    const { socket } = worker.socket;
    this.fleet.add({
      socket,
      address: '127.0.0.1',
      credential: ANYBODY,
      bytesRead: () => 0,
      whenLarge: () => undefined,
      ...connection,
    });
    return worker;
  }

  /** Workers that are ready for leases. */
  join(...names: string[]): FakeWorker[] {
    return names.map((name) => this.#ready(this.connect(name)));
  }

  /** Workers that are ready for leases, each with a credential of its own. */
  joinApart(...names: string[]): FakeWorker[] {
    return names.map((name) => {
      const credential = { kind: 'own', name: `${name}-${++this.#joined}`, role: 'worker' } as const;
      return this.#ready(this.connect(name, {}, { credential }));
    });
  }

  /** Volunteers that are ready for leases, as tabs that came by the join link. */
  joinVolunteers(...names: string[]): FakeWorker[] {
    return names.map((name) => this.#ready(this.connect(name, {}, { credential: VOLUNTEER })));
  }

  /** Workers of the same command that are ready for leases. */
  joinLocally(...names: string[]): FakeWorker[] {
    return names.map((name) => this.#ready(this.connect(name, {}, { credential: LOCAL })));
  }

  /** The arbiters that were asked for come and are ready. @param introduction how they differ from the other workers. */
  arbitersCome(introduction: Partial<MessageOf<'hello'>> = {}): FakeWorker[] {
    return this.arbiterRequests
      .splice(0)
      .map(({ name }) => this.#ready(this.connect(name, introduction, { credential: LOCAL })));
  }

  #ready(worker: FakeWorker): FakeWorker {
    worker.hello();
    worker.ready();
    if (worker.of('snapshot').length > 0) worker.applied(this.version);
    return worker;
  }

  /** Closes the present step with an average of zeros and publishes the next version. */
  next(): void {
    const { version } = this;
    void this.fleet.broadcast(version, new Uint8Array(shape.parameters * 4), {
      alpha: 1,
      oneMinusBeta1: 1,
      oneMinusBeta2: 1,
      epsilon: 1,
    });
    this.publish(version + 1);
  }

  /** Moves the clock as a healthy process does, tick by tick. */
  pass(ms: number, each: () => void = () => undefined): void {
    for (let passed = 0; passed < ms; passed += TICK_MS) {
      this.clock += TICK_MS;
      each();
      this.fleet.tick();
    }
  }

  /** How often something was told. */
  count(words: string): number {
    return this.told.filter((told) => told === words).length;
  }
}

/** The sum of a step that closed, or undefined. */
export async function sumOf(step: OpenStep): Promise<Float32Array | undefined> {
  if (!step.isClosed) return undefined;
  const outcome = await step.closed;
  return outcome.kind === 'sum' ? floatsOf(outcome.sum) : undefined;
}
