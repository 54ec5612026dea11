/**
 * A worker's life from its connection to its close: introduction, heartbeats, snapshots, averages. What it says comes by
 * `inbox.ts`, how it ends is in `closing.ts`. It knows no lease: what workers are asked for and what follows from it is
 * leasing's, met in `members.ts`.
 *
 * Invariants: joiners get a committed state, every one of a version the same bytes; no wait is without a bound, and when
 * this process itself was late, every deadline moves by as much.
 */
import { encodeFrame, profileKey, ProtocolError, sealFrame } from '@gradcast/protocol';
import type { MessageOf, PayloadShape, RefusalCode } from '@gradcast/protocol';
import type { Numbers } from '@gradcast/optimizer';
import type { FleetEvents, WorkerView } from '../events.ts';
import type { Connection } from '../network/connection.ts';
import { Budgets } from './budgets.ts';
import { Closing } from './closing.ts';
import type { CommittedState } from './committed-state.ts';
import { ShutdownDrain, type ShutdownDrainOptions } from './drain.ts';
import { Eligible } from './eligible.ts';
import { Exactness } from './exactness.ts';
import type { ExactnessOptions, OwnWorkers } from './exactness.ts';
import { Guests } from './guests.ts';
import { Heartbeat } from './heartbeat.ts';
import { Inbox } from './inbox.ts';
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
  /** The same of volunteers, which have places of their own. */
  readonly maxVolunteers: number;
  readonly events: FleetEvents;
  readonly roster: Roster;
  readonly arbitration: OwnWorkers & Pick<ReceptionOptions, 'isOurs'>;
}

const MAX_MISSES = 3;

export class Membership implements Members {
  readonly #options: MembershipOptions;
  readonly #roster: Roster;
  readonly #sessions = new Sessions();
  readonly reputations: Reputations;
  readonly #eligible: Eligible;
  readonly #shutdown: ShutdownDrain;
  readonly #parking: Parking;
  readonly #snapshots: Snapshots;
  readonly #reception: Reception;
  readonly #heartbeat: Heartbeat;
  readonly #closing: Closing;
  readonly #inbox: Inbox;
  readonly #maxWaiting: number;
  readonly #exactness: Exactness;
  readonly #orders: Orders;
  /** Those who came by the join link. */
  readonly guests: Guests;
  #work: Work = IDLE;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#roster = options.roster;
    this.reputations = new Reputations(options.now);
    this.#shutdown = new ShutdownDrain(options);
    const parts = {
      ...options,
      incarnation: options.terms.incarnation,
      reputations: this.reputations,
      sessions: this.#sessions,
      budgets: new Budgets(options),
      guard: (peer: Peer, handle: () => void) => this.#closing.guard(peer, handle),
      refuse: (peer: Peer, code: RefusalCode, sentence: string) => this.#closing.refuse(peer, code, sentence),
    };
    this.guests = new Guests(parts);
    this.#closing = new Closing({ ...parts, shutdown: this.#shutdown, work: () => this.#work });
    this.#eligible = new Eligible(parts);
    this.#exactness = new Exactness({
      ...parts,
      admit: (peer, probeMs) => this.#closing.guard(peer, () => this.#admit(peer, probeMs)),
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
    this.#inbox = new Inbox({
      ...parts,
      handlers: {
        hello: (peer, message) => this.#onHello(peer, message),
        ready: (peer, message) => this.#onReady(peer, message),
        applied: (peer, message) => this.#onApplied(peer, message),
        result: (peer, message, payload) => this.#work.result(peer, message, payload),
        resync: (peer) => this.#missed(peer, 'the replica lost its place'),
        leave: (peer, message) => this.#onLeave(peer, message),
        refuse: (peer, message) => this.#onRefuse(peer, message),
      },
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

  /** How many workers can be given a lease; volunteers do not count. */
  get active(): number {
    return this.#roster.active;
  }

  /** How many introduced themselves; our own arbiters left out. */
  get attendance(): Roster['introduced'] {
    return this.#roster.introduced;
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
    if (peer) this.#closing.refuse(peer, code, sentence);
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
    connection.whenLarge(() => this.#inbox.mayBeLarge(peer));
    socket.on('message', (data: Buffer, isBinary: boolean) =>
      this.#closing.guard(peer, () => this.#inbox.receive(peer, data, isBinary)),
    );
    socket.on('close', () => this.#closing.guard(peer, () => this.#closing.gone(peer)));
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
      this.#roster.all.map(
        (peer) => this.#closing.guard(peer, () => peer.sendAverage(message, frame)) ?? Promise.resolve(),
      ),
    );
  }

  /** Tells every worker what is done with the run: see {@link Orders.announce}. */
  announce(state: MessageOf<'state'>['state']): void {
    this.#orders.announce(state);
  }

  /** Asks a worker to finish what it has and go: see {@link Orders.drain}. */
  drain(worker: string, by: string): ReturnType<Orders['drain']> {
    return this.#orders.drain(worker, by);
  }

  /**
   * Tells every worker that the run is over, also those that were lost a moment ago and come back, and waits until all are
   * gone, at most so long. Needs {@link tick} for its time.
   */
  async dismiss(reason: string, lingerMs: number): Promise<void> {
    const over = this.#shutdown.say(reason, lingerMs);
    for (const peer of this.#roster.all) this.#closing.sayDone(peer, reason);
    this.#shutdown.check(this.#roster.awaited);
    await over;
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
      this.#closing.guard(peer, () => {
        const refusal = overdue(peer, now());
        if (refusal) this.#closing.refuse(peer, refusal.code, refusal.sentence);
      });
    }
    this.#exactness.tick();
    this.#parking.tick();
    this.#snapshots.tick();
    this.#shutdown.check(this.#roster.awaited);
  }

  /** This process stood still: every open deadline is extended by the stall. */
  postpone(byMs: number): void {
    this.reputations.postpone(byMs);
    this.#parking.postpone(byMs);
    this.#shutdown.postpone(byMs);
    for (const peer of this.#roster.all) peer.postpone(byMs);
  }

  #onHello(peer: Peer, hello: MessageOf<'hello'>): void {
    this.#reception.introduce(peer, hello);
    this.reputations.introduce(peer.identity, originOf(peer));
    peer.state = 'joining';
    void peer.send(welcomeOf(peer, this.#options.terms));
    this.#shutdown.isBack(peer.name);
    this.#orders.welcomed(peer);
    if (this.#shutdown.reason !== undefined) this.#closing.sayDone(peer, this.#shutdown.reason);
  }

  #onReady(peer: Peer, { probe, probeMs, tuning }: MessageOf<'ready'>): void {
    // It was being built when the worker was told to go.
    if (peer.state === 'leaving') return;
    if (peer.state !== 'joining') throw new ProtocolError('message-unexpected', 'a ready came at the wrong time');
    peer.profile = profileKey({ ...peer.hello!.profile, ...(tuning !== undefined && { tuning }) }, probe);
    this.#exactness.ready(peer, probeMs);
  }

  #admit(peer: Peer, probeMs: number): void {
    const { backend, device } = peer.hello!;
    this.#work.introduce(peer.name, probeMs);
    peer.pausedUntil = this.#options.now() + this.reputations.pauseOf(peer.identity);
    const { name, profile, credential } = peer;
    this.#options.events.joined({ name, role: credential.role, backend, device, profile });
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
    if (peer.misses <= MAX_MISSES) return this.#rejoin(peer);
    this.#closing.refuse(peer, 'replica-mismatch', `${sentence}, ${peer.misses} times`);
  }

  #onRefuse(peer: Peer, { code, sentence }: MessageOf<'refuse'>): void {
    this.#options.events.refused(peer.name, code, sentence);
    peer.close(1000, code);
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
