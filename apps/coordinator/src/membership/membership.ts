/**
 * A worker's life from its connection to its close: introduction, heartbeats, snapshots, averages, refusals. It knows no
 * lease: what workers are asked for and what follows from it is leasing's, met in `members.ts`.
 *
 * Invariants: nothing from the wire is used before it is decoded and checked; a worker that leaves frees its leaves at
 * once; joiners get a committed state, every one of a version the same bytes; no wait is without a bound, and when
 * this process itself was late, every deadline moves by as much.
 */
import {
  decodeFromWorker,
  encodeFrame,
  openNothing,
  profileKey,
  ProtocolError,
  refusal,
  REFUSALS,
  sealFrame,
  sentenceOf,
} from '@gradcast/protocol';
import type { MessageOf, PayloadShape, Received, RefusalCode, WorkerMessage } from '@gradcast/protocol';
import type { Numbers } from '@gradcast/optimizer';
import type { Departure, FleetEvents, WorkerView } from '../events.ts';
import type { Connection } from '../network/connection.ts';
import { Budgets } from './budgets.ts';
import type { CommittedState } from './committed-state.ts';
import { ShutdownDrain, type ShutdownDrainOptions } from './drain.ts';
import { Eligible } from './eligible.ts';
import { Exactness } from './exactness.ts';
import type { ExactnessOptions, OwnWorkers } from './exactness.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Member, Members, Work } from './members.ts';
import { Orders } from './orders.ts';
import { overdue } from './overdue.ts';
import { Parking } from './parking.ts';
import { Peer } from './peer.ts';
import { Reception } from './reception.ts';
import type { ReceptionOptions } from './reception.ts';
import { Reputations } from './reputation.ts';
import type { Roster } from './roster.ts';
import type { RunTerms } from './run-terms.ts';
import { originOf, Sessions } from './sessions.ts';
import { mostWaiting, Snapshots } from './snapshots.ts';
import { welcomeOf } from './welcome.ts';

export interface MembershipOptions
  extends ShutdownDrainOptions, Pick<ExactnessOptions, 'exactProfile' | 'backend' | 'expectsOwn' | 'hasArbiter'> {
  readonly terms: RunTerms;
  readonly payload: PayloadShape;
  /** Fewer workers than this compute nothing: those in quarantine fill up to so many. */
  readonly minWorkers: number;
  /** More workers than this are turned away. */
  readonly maxWorkers: number;
  readonly events: FleetEvents;
  readonly roster: Roster;
  readonly arbitration: OwnWorkers & Pick<ReceptionOptions, 'isOurs'>;
}

const MAX_MISSES = 3;
const LOST: Departure = { why: 'lost', reason: 'the connection ended' };

export class Membership implements Members {
  readonly #options: MembershipOptions;
  readonly #roster: Roster;
  readonly reputations: Reputations;
  readonly #eligible: Eligible;
  readonly #shutdown: ShutdownDrain;
  readonly #parking: Parking;
  readonly #snapshots: Snapshots;
  readonly #sessions = new Sessions();
  readonly #budgets: Budgets;
  readonly #reception: Reception;
  readonly #heartbeat: Heartbeat;
  readonly #maxWaiting: number;
  readonly #exactness: Exactness;
  readonly #orders: Orders;
  #work: Work = IDLE;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#roster = options.roster;
    this.reputations = new Reputations(options.now);
    this.#budgets = new Budgets(options);
    this.#shutdown = new ShutdownDrain(options);
    const parts = {
      ...options,
      incarnation: options.terms.incarnation,
      reputations: this.reputations,
      sessions: this.#sessions,
      budgets: this.#budgets,
      guard: (peer: Peer, handle: () => void) => this.#guard(peer, handle),
      refuse: (peer: Peer, code: RefusalCode, sentence: string) => this.#refuse(peer, code, sentence),
    };
    this.#eligible = new Eligible(parts);
    this.#exactness = new Exactness({
      ...parts,
      admit: (peer, probeMs) => this.#guard(peer, () => this.#admit(peer, probeMs)),
    });
    this.#parking = new Parking({
      ...parts,
      released: ({ name }) => this.#work.free(name),
      rejoin: (peer) => this.#rejoin(peer),
    });
    this.#snapshots = new Snapshots({ ...parts, given: () => this.#work.assign() });
    this.#heartbeat = new Heartbeat(parts);
    this.#orders = new Orders({ ...parts, leaves: (peer) => this.#leaves(peer) });
    this.#reception = new Reception({
      ...parts,
      isOurs: (name, credential) => options.arbitration.isOurs(name, credential),
    });
    this.#maxWaiting = mostWaiting(options);
  }

  /** Who gives members their work; to be told before the first connection. */
  employ(work: Work): void {
    this.#work = work;
  }

  get workers(): WorkerView[] {
    return this.#roster.workers({
      isBusy: (name) => this.#work.isBusy(name),
      quarantineOf: ({ identity }) => this.reputations.quarantineOf(identity)?.reason,
    });
  }

  /** How many workers can be given a lease. */
  get active(): number {
    return this.#roster.active;
  }

  named(name: string): Member | undefined {
    return this.#roster.named(name);
  }

  eligible(version: number): readonly Member[] {
    return this.#eligible.at(version);
  }

  get introduced(): readonly Member[] {
    return this.#roster.all.filter(({ hello, isArbiter }) => hello !== undefined && !isArbiter);
  }

  lease(worker: string, message: MessageOf<'lease'>, frame: Uint8Array): void {
    void this.#roster.named(worker)?.send(message, frame);
  }

  doubt(worker: string): void {
    const peer = this.#roster.named(worker);
    if (peer) peer.isQuiet = peer.wantsPing = true;
  }

  resync(member: Member): void {
    const peer = this.#peerOf(member);
    if (peer) this.#missed(peer, 'the result was computed with a wrong replica');
  }

  refuse(member: Member, code: RefusalCode, sentence: string): void {
    const peer = this.#peerOf(member);
    if (peer) this.#refuse(peer, code, sentence);
  }

  /** Its connection, unless another has its name by now. */
  #peerOf(member: Member): Peer | undefined {
    const peer = this.#roster.named(member.name);
    return peer === member ? peer : undefined;
  }

  /** Takes an admitted connection. */
  add(connection: Connection): void {
    const { now, events } = this.#options;
    const { socket } = connection;
    const peer = new Peer({ ...connection, maxWaiting: this.#maxWaiting, now, countBytes: events.bytes });
    this.#roster.add(peer);
    connection.whenLarge(() => this.#mayBeLarge(peer));
    socket.on('message', (data: Buffer, isBinary: boolean) =>
      this.#guard(peer, () => this.#receive(peer, data, isBinary)),
    );
    socket.on('close', () => this.#guard(peer, () => this.#gone(peer)));
  }

  /** A state was committed: joiners may have it. */
  publish(committed: CommittedState): void {
    this.#snapshots.publish(committed);
  }

  /**
   * Tells every replica the average of a step, in the run's codec, or that the step was skipped. Joiners wait from here until
   * {@link publish}.
   *
   * @returns when the system has taken it for every worker.
   */
  async broadcast(version: number, average: Uint8Array | null, scalars: Numbers | null): Promise<void> {
    const { incarnation } = this.#options.terms;
    const message: MessageOf<'average'> = { type: 'average', incarnation, version, scalars };
    const frame = average ? sealFrame(message, average) : encodeFrame(message);
    this.#snapshots.withdraw();
    this.#parking.broadcast(frame.byteLength);
    await Promise.all(
      this.#roster.all.map((peer) => this.#guard(peer, () => peer.sendAverage(message, frame)) ?? Promise.resolve()),
    );
  }

  /** Tells every worker what is done with the run: see {@link Orders.announce}. */
  announce(state: MessageOf<'state'>['state']): void {
    this.#orders.announce(state);
  }

  /** Asks a worker to finish what it has and go: see {@link Orders.drain}. */
  drain(worker: string): ReturnType<Orders['drain']> {
    return this.#orders.drain(worker);
  }

  /**
   * Tells every worker that the run is over, also those that were lost a moment ago and come back, and waits until all are
   * gone, at most so long. Needs {@link tick} for its time.
   */
  async dismiss(reason: string, lingerMs: number): Promise<void> {
    const over = this.#shutdown.say(reason, lingerMs);
    for (const peer of this.#roster.all) this.#sayDone(peer, reason);
    this.#shutdown.check(this.#roster.size);
    await over;
  }

  #sayDone(peer: Peer, reason: string): void {
    peer.departure ??= { why: 'dismissed', reason };
    void peer.send({ type: 'done', incarnation: this.#options.terms.incarnation, reason: sentenceOf(reason) });
  }

  /** Closes every connection; workers will try again elsewhere or later. */
  disconnect(): void {
    for (const peer of this.#roster.all) peer.close(1001, 'the coordinator stops');
  }

  /** Keeps time: heartbeats, silence, who may have a snapshot. */
  tick(): void {
    const { now } = this.#options;
    this.#heartbeat.tick();
    for (const peer of this.#roster.all) {
      this.#guard(peer, () => {
        const refusal = overdue(peer, now());
        if (refusal) this.#refuse(peer, refusal.code, refusal.sentence);
      });
    }
    this.#exactness.tick();
    this.#parking.tick();
    this.#snapshots.tick();
    this.#shutdown.check(this.#roster.size);
  }

  /** This process stood still: every open deadline is extended by the stall. */
  postpone(byMs: number): void {
    this.reputations.postpone(byMs);
    this.#parking.postpone(byMs);
    this.#shutdown.postpone(byMs);
    for (const peer of this.#roster.all) peer.postpone(byMs);
  }

  /** Whatever goes wrong while a peer is dealt with costs that peer its connection, and nobody else anything. */
  #guard<T>(peer: Peer, handle: () => T): T | undefined {
    try {
      return handle();
    } catch (error) {
      this.#options.events.failed(peer.name || peer.address, error);
      try {
        this.#refuse(peer, 'message-failed', 'the coordinator could not deal with this worker');
      } catch {
        // What failed once may fail again; the connection ends all the same.
        peer.terminate();
      }
      return undefined;
    }
  }

  /** More than a header's worth of one message is here. @returns whether it may go on. */
  #mayBeLarge(peer: Peer): boolean {
    if (peer.mayBeLarge) return true;
    this.#guard(peer, () =>
      this.#refuse(peer, 'message-too-large', 'a large message came and no result was asked for'),
    );
    return false;
  }

  #receive(peer: Peer, data: Buffer, isBinary: boolean): void {
    if (peer.state === 'closed') return;
    try {
      if (!isBinary) throw new ProtocolError('frame-malformed', 'a text message came where frames are binary');
      const received = decodeFromWorker(data);
      const { type } = received.message;
      const heard = peer.heard(type, data.byteLength);
      if (heard === 'too-much' || (heard === 'unasked' && !this.#budgets.message(peer))) {
        throw new ProtocolError('too-many-messages', `a ${type} came, of more messages than it was asked for`);
      }
      this.#handle(peer, received);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(peer, error.code, error.message);
    }
  }

  #handle(peer: Peer, { message, payload }: Received<WorkerMessage>): void {
    if (message.type === 'hello') return this.#onHello(peer, message);
    if (message.type === 'refuse') return this.#onRefuse(peer, message);
    if (!peer.hello) throw new ProtocolError('message-unexpected', `a ${message.type} came before the hello`);
    if (message.incarnation !== this.#options.terms.incarnation) return;
    switch (message.type) {
      case 'ready':
        openNothing(payload);
        return this.#onReady(peer, message);
      case 'applied':
        return this.#onApplied(peer, message);
      case 'result':
        return this.#work.result(peer, message, payload);
      case 'resync':
        // Before its probe is known, a worker gets no replica.
        if (peer.state === 'joining') throw new ProtocolError('message-unexpected', 'a resync came before the ready');
        return this.#missed(peer, 'the replica lost its place');
      case 'ping':
        // Who takes nothing gets no answers either.
        if (peer.hasRoom(0)) void peer.send({ type: 'pong', incarnation: message.incarnation, id: message.id });
        return;
      case 'leave':
        return this.#onLeave(peer, message);
      case 'pong':
      case 'stats':
        return;
      default:
        message satisfies never;
    }
  }

  #onHello(peer: Peer, hello: MessageOf<'hello'>): void {
    this.#reception.introduce(peer, hello);
    this.reputations.introduce(peer.identity, originOf(peer));
    peer.state = 'joining';
    void peer.send(welcomeOf(peer, this.#options.terms));
    this.#shutdown.isBack(peer.name);
    this.#orders.welcomed(peer);
    if (this.#shutdown.reason !== undefined) this.#sayDone(peer, this.#shutdown.reason);
  }

  #onReady(peer: Peer, { probe, probeMs }: MessageOf<'ready'>): void {
    // It was being built when the worker was told to go.
    if (peer.state === 'leaving') return;
    if (peer.state !== 'joining') throw new ProtocolError('message-unexpected', 'a ready came at the wrong time');
    peer.profile = profileKey(peer.hello!.profile, probe);
    this.#exactness.ready(peer, probeMs);
  }

  #admit(peer: Peer, probeMs: number): void {
    const { backend, device } = peer.hello!;
    this.#work.introduce(peer.name, probeMs);
    peer.pausedUntil = this.#options.now() + this.reputations.pauseOf(peer.identity);
    this.#options.events.joined({ name: peer.name, backend, device, profile: peer.profile });
    this.#rejoin(peer);
  }

  #onApplied(peer: Peer, { version }: MessageOf<'applied'>): void {
    const became = peer.applied(version);
    if (became === 'caught-up' && !this.#parking.park(peer)) return this.#rejoin(peer);
    if (became !== undefined) this.#work.assign();
  }

  /** A worker that leaves finishes what it has; it gets nothing more. */
  #onLeave(peer: Peer, { reason }: MessageOf<'leave'>): void {
    peer.departure ??= this.#orders.left(peer, reason);
    this.#leaves(peer);
  }

  #leaves(peer: Peer): void {
    this.#work.freeAhead(peer.name);
    peer.leaves();
    this.#work.assign();
  }

  /** The peer takes a snapshot as soon as a state is committed. */
  #rejoin(peer: Peer): void {
    if (peer.state === 'leaving') return;
    peer.state = 'waiting';
    this.#snapshots.give(peer);
    this.#work.assign();
  }

  #missed(peer: Peer, sentence: string): void {
    if (peer.state === 'parked') return;
    peer.misses += 1;
    peer.pausedUntil = this.#options.now() + this.reputations.missed(peer.identity);
    this.#work.free(peer.name);
    if (peer.misses > MAX_MISSES) return this.#refuse(peer, 'replica-mismatch', `${sentence}, ${peer.misses} times`);
    this.#rejoin(peer);
  }

  #onRefuse(peer: Peer, { code, sentence }: MessageOf<'refuse'>): void {
    this.#options.events.refused(peer.name, code, sentence);
    peer.close(1000, code);
  }

  /** Ends a connection, saying why; its leaves are free at once. */
  #refuse(peer: Peer, code: RefusalCode, sentence: string): void {
    if (peer.state === 'closed') return;
    this.#options.events.refused(peer.name || peer.address, code, sentence);
    void peer.send(refusal(code, sentence));
    if (REFUSALS[code] === 'later') this.#lost(peer);
    peer.close(1008, code);
    // A peer that does not answer would not answer the close either.
    if (code === 'silent' || code === 'too-slow') peer.terminate();
    this.#work.free(peer.name);
    this.#work.assign();
  }

  #gone(peer: Peer): void {
    const wasOpen = peer.state !== 'closed';
    peer.state = 'closed';
    const wasThere = this.#roster.remove(peer);
    this.#shutdown.check(this.#roster.size);
    if (!wasThere || !peer.hello) return;
    this.#sessions.left(peer);
    if (wasOpen) {
      const departure = peer.departure ?? LOST;
      this.#options.events.left(peer.name, departure);
      if (departure.why === 'lost') this.#lost(peer);
    }
    if (this.#roster.named(peer.name)) return;
    this.#options.events.forgotten(peer.name);
    this.#work.forget(peer.name);
    this.#work.free(peer.name);
    this.#work.assign();
  }

  /** It may come back; our own arbiter does not. */
  #lost({ name, hello, isArbiter }: Peer): void {
    if (hello && !isArbiter) this.#shutdown.lost(name);
  }
}

/** Until there is somebody to give work. */
const IDLE: Work = {
  introduce: () => undefined,
  free: () => undefined,
  freeAhead: () => undefined,
  forget: () => undefined,
  assign: () => undefined,
  result: () => undefined,
  isBusy: () => false,
};
