/**
 * The workers of a run as the rounds see them: membership, leasing and our own arbiters, put together and kept in time.
 *
 * Invariant: when this process itself was late, every open deadline is extended by as much.
 */
import type { Numbers } from '@gradcast/optimizer';
import type { OwnLeaves } from '@gradcast/protocol';
import { Arbitration } from '../audit/arbitration.ts';
import type { ArbitrationOptions } from '../audit/arbitration.ts';
import type { WorkerView } from '../events.ts';
import { Leasing } from '../leasing/leasing.ts';
import type { LeasingOptions } from '../leasing/leasing.ts';
import type { OpenStep } from '../leasing/open-step.ts';
import type { CommittedState } from '../membership/committed-state.ts';
import type { Guests } from '../membership/guests.ts';
import { Membership } from '../membership/membership.ts';
import type { MembershipOptions } from '../membership/membership.ts';
import type { Orders } from '../membership/orders.ts';
import { Roster } from '../membership/roster.ts';
import type { RunTerms } from '../membership/run-terms.ts';
import type { Connection } from '../network/connection.ts';

export interface FleetOptions
  extends
    Omit<MembershipOptions, 'roster' | 'arbitration'>,
    Omit<LeasingOptions, 'members' | 'arbitration' | 'isExact'>,
    Pick<ArbitrationOptions, 'startArbiter'> {}

export const TICK_MS = 100;
/** A tick later than this means that this process itself stood still. */
const STALL_MS = 250;

export class Fleet {
  readonly #options: FleetOptions;
  readonly #arbitration: Arbitration;
  readonly #membership: Membership;
  readonly #leasing: Leasing;
  #lastTick: number;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#lastTick = options.now();
    const parts = { ...options, roster: new Roster(), isExact: options.exactProfile !== null };
    const arbitration = (this.#arbitration = new Arbitration(parts));
    this.#membership = new Membership({ ...parts, arbitration });
    this.#leasing = new Leasing({ ...parts, arbitration, members: this.#membership });
    this.#membership.employ(this.#leasing);
  }

  get workers(): WorkerView[] {
    return this.#membership.workers;
  }

  /** The open step, for who looks at it. */
  get present(): Pick<OpenStep, 'version' | 'leases'> | undefined {
    return this.#leasing.present;
  }

  get terms(): RunTerms {
    return this.#options.terms;
  }

  /** How many workers can be given a lease; volunteers do not count. */
  get active(): number {
    return this.#membership.active;
  }

  /** Those who came by the join link. */
  get guests(): Guests {
    return this.#membership.guests;
  }

  /** How many introduced themselves, our own arbiters left out. */
  get attendance(): { readonly workers: number; readonly volunteers: number } {
    return this.#membership.attendance;
  }

  /** The volunteer whose session's secret this is, here or gone, and what became of its leaves since it came first. */
  volunteerOf(secret: string): ({ readonly name: string } & OwnLeaves) | undefined {
    const found = this.#membership.guests.find(secret);
    return found && { name: found.name, ...this.#options.trust.leavesOf(found.identity) };
  }

  /** Takes an admitted connection. */
  add(connection: Connection): void {
    this.#membership.add(connection);
  }

  /** A state was committed: joiners may have it, and results computed from it can be checked. */
  publish(committed: CommittedState): void {
    this.#membership.publish(committed);
    this.#leasing.publish(committed);
  }

  /** Opens a step and leases it out; a step that is open already is returned as it is. */
  open(version: number): OpenStep {
    return this.#leasing.open(version);
  }

  /** Sends the leases of the step after the open one, so that its images travel while this one is computed. */
  prepare(version: number): void {
    this.#leasing.prepare(version);
  }

  /**
   * Tells every replica the average of a step, in the run's codec, or that the step was skipped. Joiners and results that
   * build on the next state wait from here until {@link publish}.
   *
   * @returns when the system has taken it for every worker.
   */
  broadcast(version: number, average: Uint8Array | null, scalars: Numbers | null): Promise<void> {
    this.#leasing.withdraw();
    return this.#membership.broadcast(version, average, scalars);
  }

  /** Whether a step of this version is open or was. */
  isOpen(version: number): boolean {
    return this.#leasing.isOpen(version);
  }

  /** The run is paused: nobody is asked for anything until {@link release}. */
  hold(): void {
    this.#leasing.hold();
    this.#membership.announce('paused');
  }

  release(): void {
    this.#membership.announce('running');
    this.#leasing.release();
  }

  /** Asks a worker to finish what it has and go: see {@link Orders.drain}. */
  drain(worker: string, by: string): ReturnType<Orders['drain']> {
    return this.#membership.drain(worker, by);
  }

  /** Ends the open step without a sum. */
  stop(): void {
    this.#membership.announce('stopping');
    this.#leasing.stop();
  }

  /** Tells every worker that the run is over; see {@link Membership.dismiss}. Needs {@link tick} for its time. */
  dismiss(reason: string, lingerMs: number): Promise<void> {
    return this.#membership.dismiss(reason, lingerMs);
  }

  /** Closes every connection; workers will try again elsewhere or later. */
  disconnect(): void {
    this.#membership.disconnect();
  }

  /** Keeps time: deadlines, heartbeats, silence. Call every {@link TICK_MS}. */
  tick(): void {
    const { now, events } = this.#options;
    const late = now() - this.#lastTick - TICK_MS;
    this.#lastTick = now();
    if (late > STALL_MS) {
      events.stalled(late);
      for (const part of [this.#leasing, this.#membership, this.#arbitration]) part.postpone(late);
    }
    this.#membership.tick();
    this.#leasing.tick();
  }
}
