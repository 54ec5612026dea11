/**
 * The workers of a run: who is here, what each was asked for, what came back.
 *
 * The fleet owns membership, leases and the checks on what arrives; it knows nothing of optimizers or checkpoints. A
 * step is opened with {@link Fleet.open}, closes through its promise, and {@link Fleet.broadcast} tells every replica.
 *
 * Invariants: a lease goes only to a worker whose replica will be at the step's version; a result counts only with the
 * right incarnation, lease, version, shape and replica fingerprint; a worker that leaves frees its leaves at once; no
 * wait is without a bound, and when this process itself was late, every deadline moves by as much.
 */
import { randomBytes } from 'node:crypto';
import { assignFreeLeaves } from '@gradcast/ledger';
import type { Assignment, LeafRange, StepShape } from '@gradcast/ledger';
import {
  decodeFromWorker,
  encodeFrame,
  leaseParts,
  openNothing,
  openVector,
  ProtocolError,
  REFUSALS,
} from '@gradcast/protocol';
import type { LeaseContents, MessageOf, PayloadShape, Profile, RefusalCode } from '@gradcast/protocol';
import type { GradientShape } from '@gradcast/reduction';
import type { AdamScalars, Fingerprint, VectorKernels } from '@gradcast/vector';
import type { WebSocket } from 'ws';
import type { FleetEvents } from './fleet-events.ts';
import { OpenStep } from './open-step.ts';
import { Pace } from './pace.ts';
import { Peer } from './peer.ts';
import { Roster } from './roster.ts';
import type { WorkerView } from './roster.ts';

/** What the welcome tells every worker. */
export interface RunTerms extends StepShape {
  readonly incarnation: number;
  readonly run: string;
  readonly preset: string;
  readonly seed: number;
}

/** The state that joiners take and results are checked against. */
export interface Truth {
  readonly version: number;
  readonly fingerprint: Fingerprint;
  /** Parameters, first and second moments. */
  readonly vectors: readonly Float32Array[];
  readonly normBound: number;
}

export interface FleetOptions {
  readonly terms: RunTerms;
  readonly payload: PayloadShape;
  readonly gradient: GradientShape;
  readonly kernels: VectorKernels;
  /** Images and noise of some leaves of a step. */
  readonly cut: (step: number, range: LeafRange) => LeaseContents;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly events: FleetEvents;
}

/** Either side gives the other up after this long without a message. */
export const SILENCE_SECONDS = 30;
const PING_MS = 5_000;
const HELLO_MS = 10_000;
/** Building an engine and probing it may take a slow device minutes. */
const READY_MS = 600_000;
export const TICK_MS = 100;
/** A tick later than this means that this process itself stood still. */
const STALL_MS = 250;
const PROGRESS_MS = 10_000;
const PROGRESS_BYTES = 64_000 * (PROGRESS_MS / 1000);
const MAX_MISSES = 3;
/** An expired lease is given up, and its worker with it, after so many times its term (and never under a minute). */
const HOPELESS_FACTOR = 10;
const HOPELESS_MS = 60_000;
const MAX_PEERS = 1024;

export class Fleet {
  readonly #options: FleetOptions;
  readonly #roster = new Roster();
  readonly #pace = new Pace();
  #step: OpenStep | undefined;
  #truth: Truth | undefined;
  #snapshot: { message: MessageOf<'snapshot'>; frame: Uint8Array } | undefined;
  #nextLease = 1;
  #nextPing = 1;
  #lastTick: number;
  #lastPing: number;
  #stopped = false;
  /** Results that came while this process was still taking the step they build on. */
  #ahead: (() => void)[] = [];

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#lastTick = this.#lastPing = options.now();
  }

  /** Workers that introduced themselves, for metrics and discovery. */
  get workers(): WorkerView[] {
    return this.#roster.workers((name) => this.#step?.leases.isBusy(name) ?? false);
  }

  /** What the welcome tells every worker. */
  get terms(): RunTerms {
    return this.#options.terms;
  }

  /** How many workers can be given a lease. */
  get active(): number {
    return this.#roster.active;
  }

  /** Takes an admitted connection. */
  add(socket: WebSocket, address: string): void {
    const { now, events } = this.#options;
    const peer = new Peer({ socket, address, now, countBytes: events.bytes });
    this.#roster.add(peer);
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(peer, data, isBinary));
    socket.on('close', () => this.#gone(peer));
    // Every error is followed by a close.
    socket.on('error', () => undefined);
    if (this.#roster.size > MAX_PEERS) this.#refuse(peer, 'too-many-workers', `the run has ${MAX_PEERS} connections`);
  }

  /** The state is at rest at a version: joiners may have it, and results for it can be checked. */
  settle(truth: Truth): void {
    this.#truth = truth;
    this.#snapshot = undefined;
    for (const peer of this.#roster.all) if (peer.state === 'waiting') this.#giveSnapshot(peer);
    const ahead = this.#ahead;
    this.#ahead = [];
    for (const handle of ahead) handle();
    this.#assign();
  }

  /** Opens a step and leases it out; a step that is open already is returned as it is. */
  open(version: number): OpenStep {
    if (this.#step?.version === version) return this.#step;
    const { gradient, kernels, terms } = this.#options;
    const { microBatches } = terms;
    this.#step = new OpenStep({
      version,
      leaves: microBatches,
      firstLeaseId: this.#nextLease,
      shape: gradient,
      normLimit: (this.#truth?.normBound ?? Infinity) * microBatches,
      kernels,
    });
    if (this.#stopped) this.#step.stop();
    this.#assign();
    return this.#step;
  }

  /**
   * Tells every replica the average of a step, or that the step was skipped. Joiners wait from here until
   * {@link settle}.
   *
   * @returns when the system has taken it for every worker.
   */
  async broadcast(version: number, average: Float32Array | null, scalars: AdamScalars | null): Promise<void> {
    const { incarnation } = this.#options.terms;
    const message: MessageOf<'average'> = { type: 'average', incarnation, version, scalars };
    const frame = encodeFrame(message, average ? [average] : []);
    this.#truth = undefined;
    this.#snapshot = undefined;
    await Promise.all(this.#roster.all.map((peer) => peer.sendAverage(message, frame)));
  }

  /** Ends the open step without a sum. */
  stop(): void {
    this.#stopped = true;
    this.#step?.stop();
  }

  /** Tells every worker that the run is over and waits until they are gone, at most so long. */
  async dismiss(reason: string, lingerMs: number): Promise<void> {
    const message: MessageOf<'done'> = { type: 'done', incarnation: this.#options.terms.incarnation, reason };
    const gone = this.#roster.all.map(
      (peer) => new Promise<void>((resolve) => peer.socket.once('close', () => resolve())),
    );
    for (const peer of this.#roster.all) void peer.send(message);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => (timer = setTimeout(resolve, lingerMs)));
    await Promise.race([Promise.all(gone), patience]);
    clearTimeout(timer);
  }

  /** Closes every connection; workers will try again elsewhere or later. */
  disconnect(): void {
    for (const peer of this.#roster.all) peer.close(1001, 'the coordinator stops');
  }

  /** Keeps time: deadlines, heartbeats, silence. Call every {@link TICK_MS}. */
  tick(): void {
    const { now } = this.#options;
    const late = now() - this.#lastTick - TICK_MS;
    this.#lastTick = now();
    if (late > STALL_MS) this.#postpone(late);
    this.#ping();
    for (const peer of this.#roster.all) this.#checkPeer(peer);
    this.#expire();
    this.#assign();
  }

  /** This process stood still: nobody else may pay for it. */
  #postpone(byMs: number): void {
    this.#options.events.stalled(byMs);
    this.#step?.leases.postpone(byMs);
    for (const peer of this.#roster.all) peer.heardAt += byMs;
  }

  #ping(): void {
    const { now, terms } = this.#options;
    if (now() - this.#lastPing < PING_MS) return;
    this.#lastPing = now();
    const message: MessageOf<'ping'> = { type: 'ping', incarnation: terms.incarnation, id: this.#nextPing++ };
    for (const peer of this.#roster.all) if (peer.hello) void peer.send(message);
  }

  #checkPeer(peer: Peer): void {
    const silentMs = this.#options.now() - peer.heardAt;
    if (peer.state === 'greeting' && silentMs > HELLO_MS) {
      this.#refuse(peer, 'hello-late', 'no hello came within 10 s');
    } else if (peer.state === 'joining' && silentMs > READY_MS) {
      this.#refuse(peer, 'silent', 'the worker did not become ready within 10 min');
    } else if (silentMs > SILENCE_SECONDS * 1000) {
      this.#refuse(peer, 'silent', `nothing was heard for ${SILENCE_SECONDS} s`);
    } else if (peer.isStuck(PROGRESS_BYTES, PROGRESS_MS)) {
      this.#refuse(peer, 'too-slow', 'the link moves less than 64 kB/s');
    }
  }

  #expire(): void {
    const { now, events } = this.#options;
    const step = this.#step;
    if (!step || step.isClosed) return;
    for (const lease of step.leases.expire(now())) events.lease('expired', lease.worker);
    for (const { expired, grantedAt, deadline, worker } of step.leases.open) {
      const limit = Math.max(HOPELESS_MS, HOPELESS_FACTOR * (deadline - grantedAt));
      const peer = this.#roster.named(worker);
      if (expired && peer && now() - grantedAt > limit) {
        this.#refuse(peer, 'silent', 'a lease was not answered in ten times its term');
      }
    }
  }

  #receive(peer: Peer, data: Buffer, isBinary: boolean): void {
    if (peer.state === 'closed') return;
    try {
      if (!isBinary) throw new ProtocolError('frame-malformed', 'a text message came where frames are binary');
      const { message, payload } = decodeFromWorker(data);
      peer.heard(message.type, data.byteLength);
      if (message.type === 'hello') return this.#onHello(peer, message);
      if (message.type === 'refuse') return this.#onRefuse(peer, message);
      if (!peer.hello) throw new ProtocolError('message-unexpected', `a ${message.type} came before the hello`);
      if (message.incarnation !== this.#options.terms.incarnation) return;
      switch (message.type) {
        case 'ready':
          openNothing(payload);
          return this.#onReady(peer, message);
        case 'applied':
          if (peer.applied(message.version)) this.#rejoin(peer);
          return;
        case 'result':
          return this.#onResult(peer, message, payload);
        case 'resync':
          return this.#missed(peer, 'replica-mismatch', 'the replica lost its place');
        case 'ping':
          return void peer.send({ type: 'pong', incarnation: message.incarnation, id: message.id });
        case 'leave':
          this.#options.events.left(peer.name, message.reason);
          return peer.close(1000, 'goodbye');
        case 'pong':
        case 'stats':
          return;
        default:
          message satisfies never;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(peer, error.code, error.message);
    }
  }

  #onHello(peer: Peer, hello: MessageOf<'hello'>): void {
    if (peer.hello) throw new ProtocolError('message-unexpected', 'a second hello came');
    const former = this.#roster.withSecret(hello.session);
    peer.name = former?.name ?? this.#roster.freeName(hello.name);
    if (former) {
      this.#freeLeases(former.name);
      this.#refuse(former, 'replaced', 'the worker connected again');
      this.#roster.remove(former);
    }
    peer.hello = hello;
    peer.secret = randomBytes(16).toString('hex');
    peer.state = 'joining';
    const { terms } = this.#options;
    void peer.send({
      type: 'welcome',
      incarnation: terms.incarnation,
      run: terms.run,
      worker: peer.name,
      session: peer.secret,
      preset: terms.preset,
      seed: terms.seed,
      microBatchSize: terms.microBatchSize,
      microBatches: terms.microBatches,
      codec: 'f32',
      silenceSeconds: SILENCE_SECONDS,
    });
  }

  #onReady(peer: Peer, { probe, probeMs }: MessageOf<'ready'>): void {
    if (peer.state !== 'joining') throw new ProtocolError('message-unexpected', 'a ready came at the wrong time');
    peer.probe = probe;
    this.#pace.introduce(peer.name, probeMs);
    const { backend, device, profile } = peer.hello!;
    this.#options.events.joined({ name: peer.name, backend, device, profile: profileKey(profile, probe) });
    this.#rejoin(peer);
  }

  /** The peer takes a snapshot as soon as the state is at rest. */
  #rejoin(peer: Peer): void {
    peer.state = 'waiting';
    if (this.#truth) this.#giveSnapshot(peer);
    this.#assign();
  }

  #giveSnapshot(peer: Peer): void {
    const { version, fingerprint, vectors } = this.#truth!;
    const { incarnation } = this.#options.terms;
    if (!this.#snapshot) {
      const message: MessageOf<'snapshot'> = { type: 'snapshot', incarnation, version, fingerprint };
      this.#snapshot = { message, frame: encodeFrame(message, vectors) };
    }
    peer.sendSnapshot(this.#snapshot.message, this.#snapshot.frame);
  }

  #onResult(peer: Peer, message: MessageOf<'result'>, payload: Uint8Array): void {
    const { payload: shape, events } = this.#options;
    const vector = openVector(payload, shape.parameters + shape.tail);
    const step = this.#step;
    if (step?.version === message.version && this.#truth?.version !== message.version) {
      this.#ahead.push(() => this.#onResult(peer, message, payload));
      return;
    }
    if (!step || step.isClosed || step.version !== message.version) return events.lease('late', peer.name);
    const lease = step.leases.find(message.lease, peer.name, message.subtree);
    if (!lease) return events.lease('duplicate', peer.name);
    if (message.fingerprint !== this.#truth!.fingerprint) {
      events.mismatch(peer.name);
      events.lease('refused', peer.name);
      return this.#missed(peer, 'replica-mismatch', 'the result was computed with a wrong replica');
    }
    const verdict = step.accept(lease, message.subtree, vector, this.#options.now());
    events.lease(verdict === 'suspect' ? 'refused' : verdict, peer.name);
    if (verdict === 'suspect') step.confirm(this.#others(step, peer));
    for (const name of step.refuted()) this.#blame(name);
    for (const settled of step.leases.settle()) {
      if (settled.worker !== peer.name) continue;
      const ms = this.#options.now() - settled.grantedAt;
      this.#pace.measured(peer.name, ms / settled.range.count);
      events.leaseTime(peer.name, ms, message.computeMs);
    }
    this.#assign();
  }

  /** Whether somebody else could recompute what a peer's refused result covered. */
  #others(step: OpenStep, peer: Peer): boolean {
    return this.#roster.all.some((other) => other !== peer && other.isAt(step.version) && !step.isSuspect(other.name));
  }

  /** Another worker computed other bits: the refused result was this worker's fault. */
  #blame(name: string): void {
    const peer = this.#roster.named(name);
    if (peer)
      this.#refuse(peer, 'result-numeric', 'a result was not finite or too large, and another worker found other bits');
  }

  #missed(peer: Peer, code: RefusalCode, sentence: string): void {
    peer.misses += 1;
    this.#freeLeases(peer.name);
    if (peer.misses > MAX_MISSES) return this.#refuse(peer, code, `${sentence}, ${peer.misses} times`);
    this.#rejoin(peer);
  }

  /** Leases free leaves to workers that wait for work; those whose numbers are in doubt come last. */
  #assign(): void {
    const step = this.#step;
    if (!step || step.isClosed) return;
    const idle = this.#roster.all
      .filter((peer) => peer.isAt(step.version) && !step.leases.isBusy(peer.name))
      .map(({ name }) => name);
    const trusted = idle.filter((name) => !step.isSuspect(name));
    for (const assignment of assignFreeLeaves(step.leases, this.#pace.speeds(trusted))) {
      this.#grant(step, assignment);
    }
  }

  #grant(step: OpenStep, assignment: Assignment): void {
    const { now, cut, payload, terms } = this.#options;
    const { worker, range } = assignment;
    const attempt = step.leases.attemptsOf(range);
    const deadlineMs = this.#pace.leaseMs(worker, { leaves: range.count, attempt });
    const lease = step.leases.grant(assignment, now(), deadlineMs);
    this.#nextLease = step.leases.nextId;
    const message: MessageOf<'lease'> = {
      type: 'lease',
      incarnation: terms.incarnation,
      lease: lease.id,
      version: step.version,
      first: range.first,
      count: range.count,
      deadlineMs,
    };
    void this.#roster.named(worker)?.send(message, encodeFrame(message, leaseParts(payload, cut(step.version, range))));
  }

  #onRefuse(peer: Peer, { code, sentence }: MessageOf<'refuse'>): void {
    this.#options.events.refused(peer.name, code, sentence);
    peer.close(1000, code);
  }

  /** Ends a connection, saying why; its leaves are free at once. */
  #refuse(peer: Peer, code: RefusalCode, sentence: string): void {
    if (peer.state === 'closed') return;
    this.#options.events.refused(peer.name || peer.address, code, sentence);
    void peer.send({ type: 'refuse', code, sentence, retry: REFUSALS[code] });
    peer.close(1008, code);
    if (code === 'silent' || code === 'too-slow') peer.terminate();
    this.#freeLeases(peer.name);
    this.#assign();
  }

  #gone(peer: Peer): void {
    const announced = peer.state !== 'closed';
    peer.state = 'closed';
    if (!this.#roster.remove(peer) || !peer.hello) return;
    if (announced) this.#options.events.left(peer.name, 'the connection ended');
    if (!this.#roster.named(peer.name)) this.#pace.forget(peer.name);
    this.#freeLeases(peer.name);
    this.#assign();
  }

  #freeLeases(worker: string): void {
    this.#step?.leases.drop(worker);
  }
}

/** Workers with equal keys may be expected to compute equal bits. */
function profileKey(profile: Profile, probe: string): string {
  const names = Object.entries(profile).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([...names, ['probe', probe]]);
}
