/**
 * A worker's loop: takes the coordinator's messages in order and answers with gradient sums.
 *
 * It alone owns the replica. In Node it runs in a thread of its own, in a browser in a Web Worker, so sockets,
 * heartbeats and signals never wait for compute.
 *
 *     welcome -> engine, tuning, probe -> ready;  snapshot -> replica;  average -> replica steps;
 *     lease -> gradients -> subtree sums -> results
 *
 * Invariants: messages are handled one at a time in the order they came, except that an average which makes a lease
 * worthless stops it at the next micro-batch (an engine that is one ahead computes that in vain); a result carries the
 * fingerprint of the very replica it was computed from; a lease for a version still to come waits until the replica gets
 * there.
 */
import { definitionOf, isSameDefinition } from '@gradcast/definition';
import type { RunDefinition } from '@gradcast/definition';
import { alignedSubtrees } from '@gradcast/schedule';
import type { Subtree } from '@gradcast/schedule';
import type { Trainable } from '@gradcast/network';
import { optimizerOf, Replica } from '@gradcast/optimizer';
import type { Numbers, Optimizer } from '@gradcast/optimizer';
import {
  decodeFromCoordinator,
  encodeFrame,
  openEncoded,
  openLease,
  openNothing,
  openSnapshot,
  ProtocolError,
  sealFrame,
  TUNING_DIGITS,
} from '@gradcast/protocol';
import type { CoordinatorMessage, MessageOf, PayloadShape, Received, WorkerMessage } from '@gradcast/protocol';
import { codecReserve, createCodec } from '@gradcast/reduction';
import type { GradientCodec } from '@gradcast/reduction';
import { takeProbe } from '@gradcast/step';
import { definedTask, fieldShapes } from '@gradcast/task';
import type { GradientEngine, MicroBatch, TaskIdentity } from '@gradcast/task';
import { freeMemory, sliceFields } from '@gradcast/tensors';
import type { FieldValues } from '@gradcast/tensors';
import type { VectorKernels } from '@gradcast/vector';
import { computeSubtree } from './subtree-computation.ts';
import type { ComputedSubtree } from './subtree-computation.ts';

/** What a trainer needs of its surroundings. */
export interface TrainerPorts {
  /** The task that a run trains, or undefined if this build does not know it. */
  task(identity: TaskIdentity): Trainable | undefined;
  /** Makes an engine for a task; the trainer disposes of it. */
  createEngine(task: Trainable): Promise<GradientEngine>;
  /** Takes a frame for the coordinator; its memory is the receiver's from then on. */
  send(frame: Uint8Array<ArrayBuffer>): void;
  /** Hexadecimal SHA-256. */
  sha256(bytes: Uint8Array): Promise<string>;
  /** Monotonic milliseconds. */
  now(): number;
  /** Resolves after messages that already arrived were handed to {@link Trainer.receive}. */
  yield(): Promise<void>;
  /** Whether `yield` rests, to keep to a share of the device: then nothing may be computed meanwhile. Never, if it is not there. */
  rests?(): boolean;
  /** Called after each micro-batch with its compute time and size, the latter 0 if it was computed a second time. */
  measured(computeMs: number, images: number): void;
  /** Called whenever all that was asked for is done; leases for versions still to come do not count. */
  idle(): void;
  /** Kernels that have room for vectors of these lengths where they are fastest. */
  createKernels(reserve: readonly number[]): VectorKernels;
}

interface Waiting {
  readonly received: Received<CoordinatorMessage>;
  readonly at: number;
}

/** What the welcome fixed for the run. */
interface Assignment {
  readonly incarnation: number;
  readonly task: Trainable;
  readonly optimizer: Optimizer;
  readonly engine: GradientEngine;
  readonly shape: PayloadShape;
  readonly definition: RunDefinition;
  /** Of what the engine chose among ways to compute. */
  readonly tuning: string | undefined;
  readonly codec: GradientCodec;
  readonly kernels: VectorKernels;
  /** Memory of nodes that were added into others: at most one for each level of the tree. */
  readonly spare: Uint8Array[];
}

export class Trainer {
  readonly #ports: TrainerPorts;
  #queue: Waiting[] = [];
  /** Leases for versions that the replica has not reached yet. */
  #early: Waiting[] = [];
  #running: Promise<void> | undefined;
  #assignment: Assignment | undefined;
  #replica: Replica | undefined;
  /** The newest replica, even if it is worthless by now: the one that holds the kernels' memory. */
  #placed: Replica | undefined;
  #probe: { hash: string; ms: number } | undefined;
  /** Version whose parameters the engine holds. */
  #loaded = -1;
  /** Leases below this version are worthless: the average that closes them has arrived. */
  #newest = 0;
  #epoch = 0;

  constructor(ports: TrainerPorts) {
    this.#ports = ports;
  }

  /**
   * Takes a frame from the coordinator; the bytes are the trainer's from then on.
   *
   * @returns a promise that settles when the queue is empty; it rejects with what stopped the trainer for good.
   * @throws ProtocolError `frame-malformed` or `message-invalid` at once.
   */
  receive(bytes: Uint8Array): Promise<void> {
    const received = decodeFromCoordinator(bytes);
    const { message } = received;
    if (message.type === 'average' && message.incarnation === this.#assignment?.incarnation)
      this.#newest = message.version + 1;
    this.#queue.push({ received, at: this.#ports.now() });
    this.#running ??= this.#drain();
    return this.#running;
  }

  /** The connection is gone: forgets everything but the engine, and stops the present lease at its next micro-batch. */
  disconnected(): void {
    this.#queue = [];
    this.#forget();
  }

  #forget(): void {
    this.#early = [];
    this.#replica = undefined;
    this.#newest = 0;
    this.#epoch += 1;
  }

  /** Frees the engine. */
  dispose(): void {
    this.disconnected();
    this.#assignment?.engine.dispose();
    this.#assignment = undefined;
  }

  async #drain(): Promise<void> {
    // Nothing is handled before `#running` stands: a message taken in while another is handled must only queue.
    await Promise.resolve();
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) await this.#handle(next);
    } finally {
      this.#running = undefined;
    }
    this.#ports.idle();
  }

  async #handle(waiting: Waiting): Promise<void> {
    const { message, payload } = waiting.received;
    if (
      message.type !== 'welcome' &&
      message.type !== 'refuse' &&
      message.incarnation !== this.#assignment?.incarnation
    )
      return;
    switch (message.type) {
      case 'welcome':
        openNothing(payload);
        return this.#onWelcome(message);
      case 'snapshot':
        return this.#onSnapshot(message, payload);
      case 'average':
        return this.#onAverage(message, payload);
      case 'lease':
        return this.#onLease(message, waiting);
      // The session answers these; they never need the replica.
      case 'ping':
      case 'pong':
      case 'parked':
      case 'state':
      case 'drain':
      case 'refuse':
      case 'done':
        return;
      default:
        message satisfies never;
    }
  }

  async #onWelcome(message: MessageOf<'welcome'>): Promise<void> {
    const { incarnation } = message;
    const definition = definitionOf(message);
    const { preset: name, microBatchSize, seed, codec: codecName } = definition;
    const known = this.#ports.task(definition);
    if (!known) {
      const why =
        definition.task === null ? 'which this version does not know' : 'a task of its own: --task names its file';
      throw new ProtocolError('preset-unknown', `the run trains preset ${name}, ${why}`);
    }
    const task = definedTask(known, definition);
    // What was queued after the welcome belongs to the session that it begins.
    this.#forget();
    const epoch = this.#epoch;
    if (this.#assignment && isSameDefinition(this.#assignment.definition, definition)) {
      this.#assignment = { ...this.#assignment, incarnation };
      return this.#ready(this.#assignment, epoch);
    }
    this.#assignment?.engine.dispose();
    this.#assignment = undefined;
    this.#placed = undefined;
    this.#probe = undefined;
    this.#loaded = -1;
    const engine = await this.#ports.createEngine(task);
    const choices = await engine.prepare?.(microBatchSize);
    const tuning = choices && (await this.#ports.sha256(new TextEncoder().encode(choices))).slice(0, TUNING_DIGITS);
    const optimizer = optimizerOf(task.optimizer);
    const { length } = task.parameters;
    const shape = {
      parameters: length,
      slots: optimizer.slots.length,
      fields: fieldShapes(task.fields),
      microBatchSize,
    };
    const reserve = [...Replica.reserve(length, optimizer), ...codecReserve(codecName, task)];
    const kernels = this.#ports.createKernels(reserve);
    const codec = createCodec(codecName, { layout: task, seed, kernels });
    this.#assignment = { incarnation, task, optimizer, engine, shape, definition, tuning, codec, kernels, spare: [] };
    return this.#ready(this.#assignment, epoch);
  }

  async #ready(assignment: Assignment, epoch: number): Promise<void> {
    const { hash, ms } = (this.#probe ??= await this.#takeProbe(assignment));
    if (epoch !== this.#epoch) return;
    const { incarnation, tuning } = assignment;
    this.#send({ type: 'ready', incarnation, probe: hash, probeMs: ms, ...(tuning !== undefined && { tuning }) });
  }

  #onSnapshot(message: MessageOf<'snapshot'>, payload: Uint8Array): void {
    const { shape, optimizer, kernels } = this.#assignment!;
    const vectors = openSnapshot(payload, shape);
    // The former one's memory is the next one's: nothing computes while a snapshot is taken.
    this.#placed?.release();
    const replica = new Replica(vectors, { version: message.version, optimizer, kernels });
    freeMemory(payload);
    this.#placed = replica;
    if (replica.fingerprint !== message.fingerprint) return this.#resync(replica);
    this.#replica = replica;
    this.#loaded = -1;
    this.#applied(replica);
  }

  #applied({ version }: Replica): void {
    this.#send({ type: 'applied', incarnation: this.#assignment!.incarnation, version });
  }

  /**
   * Gradient of the run's probe micro-batch at the initial parameters, computed twice: its hash tells numeric profiles
   * apart that have the same names, the second time is the device's warm speed.
   */
  async #takeProbe({ task, engine, definition: { seed } }: Assignment): Promise<{ hash: string; ms: number }> {
    this.#loaded = -1;
    const ports = this.#ports;
    const sha256 = (bytes: Uint8Array) => ports.sha256(bytes);
    const { hash, ms } = await takeProbe(engine, { task, seed, turns: 2, sha256, now: () => ports.now() });
    if (hash === undefined) {
      throw new ProtocolError('probe-unstable', 'this device gave two different gradients for the same micro-batch');
    }
    return { hash, ms };
  }

  async #onAverage(message: MessageOf<'average'>, payload: Uint8Array): Promise<void> {
    // Without a replica a snapshot is on its way, and it is of a later version.
    if (!this.#replica) return;
    if (message.version !== this.#replica.version) return this.#resync(this.#replica);
    if (message.scalars) {
      const { codec, optimizer } = this.#assignment!;
      requireScalars(message.scalars, optimizer);
      const average = codec.decodeAverage(openEncoded(payload, codec.averageBytes));
      this.#replica.advance(average, message.scalars);
      freeMemory(payload);
    } else {
      openNothing(payload);
      this.#replica.advance(null, null);
    }
    this.#applied(this.#replica);
    const version = this.#replica.version;
    const due = this.#early.filter(({ received }) => (received.message as MessageOf<'lease'>).version <= version);
    this.#early = this.#early.filter((lease) => !due.includes(lease));
    for (const lease of due) await this.#onLease(lease.received.message as MessageOf<'lease'>, lease);
  }

  async #onLease(message: MessageOf<'lease'>, waiting: Waiting): Promise<void> {
    const { shape } = this.#assignment!;
    const replica = this.#replica;
    if (!replica || message.version < replica.version) return;
    if (message.version > replica.version) {
      this.#early.push(waiting);
      return;
    }
    const contents = openLease(waiting.received.payload, shape, message.count);
    const epoch = this.#epoch;
    for (const subtree of alignedSubtrees({ first: message.first, count: message.count })) {
      const queueMs = this.#ports.now() - waiting.at;
      const done = await this.#sumSubtree(subtree, { message, contents, epoch, replica });
      if (!done) return;
      const { node, computeMs } = done;
      const result: MessageOf<'result'> = {
        type: 'result',
        incarnation: message.incarnation,
        lease: message.lease,
        version: message.version,
        subtree,
        fingerprint: replica.fingerprint,
        computeMs,
        queueMs,
      };
      this.#ports.send(sealFrame(result, node));
    }
  }

  /** Sums one subtree's micro-batches; undefined if the lease became worthless on the way. */
  async #sumSubtree(
    subtree: Subtree,
    lease: { message: MessageOf<'lease'>; contents: FieldValues; epoch: number; replica: Replica },
  ): Promise<ComputedSubtree | undefined> {
    const { message, contents, epoch, replica } = lease;
    const { engine, shape, codec, spare, definition } = this.#assignment!;
    const ports = this.#ports;
    const done = await computeSubtree(subtree, {
      engine,
      codec,
      hasPlainNodes: definition.codec === 'f32',
      step: message.version,
      microBatchSize: shape.microBatchSize,
      spare,
      leaf: (leaf) => leafBatch(contents, shape, leaf - message.first),
      proceed: async () => {
        await ports.yield();
        return epoch === this.#epoch && message.version >= this.#newest;
      },
      load: () => {
        if (this.#loaded === replica.version) return;
        engine.load(replica.vectors.parameters, () => replica.vectors.parameters);
        this.#loaded = replica.version;
      },
      rests: () => ports.rests?.() ?? false,
      now: () => ports.now(),
      measured: (computeMs, images) => ports.measured(computeMs, images),
    });
    // The last micro-batch took its time too: whoever was lost in it must not be answered.
    return epoch === this.#epoch ? done : undefined;
  }

  #resync(replica: Replica): void {
    this.#send({
      type: 'resync',
      incarnation: this.#assignment!.incarnation,
      version: replica.version,
      fingerprint: replica.fingerprint,
    });
    // Until a snapshot comes, nothing this replica computes is worth sending.
    this.#replica = undefined;
  }

  #send(message: WorkerMessage): void {
    this.#ports.send(encodeFrame(message));
  }
}

/** The `index`-th micro-batch of a lease, as views. */
function leafBatch(contents: FieldValues, { fields, microBatchSize: size }: PayloadShape, index: number): MicroBatch {
  return { size, fields: sliceFields(contents, fields, index * size, size) };
}

/** @throws ProtocolError `message-invalid` */
function requireScalars(scalars: Numbers, { scalarNames }: Optimizer): void {
  const missing = scalarNames.find((name) => !Object.hasOwn(scalars, name));
  if (missing === undefined) return;
  throw new ProtocolError('message-invalid', `the average lacks ${missing}, which the optimizer's step needs`);
}
