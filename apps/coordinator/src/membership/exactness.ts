/**
 * Who may compute for an exact run: workers of one numeric profile, and of those that are not trusted only such as the
 * coordinator could check.
 *
 *     ready --of another profile than the run's----------------------------> refused `profile-mismatch`
 *       |--trusted, or of a profile that our own worker was seen to have---> admitted
 *       '--else: waits until a worker of ours has told its profile --alike-> admitted
 *                                                  '--unlike, or there is none--> refused `profile-unverifiable`
 *
 * Invariants: the first to be admitted decides the run's profile, and nobody does whose profile is made up, nor a
 * volunteer, which waits until it is decided; a worker of
 * ours is started only if somebody waits for it, once for each kind, and ended again where there are no audits.
 */
import type { BackendChoice } from '@gradcast/config';
import { profileDifference, ProtocolError } from '@gradcast/protocol';
import type { RefusalCode } from '@gradcast/protocol';
import type { Peer } from './peer.ts';
import { isVolunteer } from './volunteer.ts';

/** For so long others wait for workers of the same command, who decide the profile if they are coming. */
export const OWN_FIRST_MS = 60_000;
/** Kinds of which is remembered what ours is like. */
const MOST_KINDS = 512;

/** Workers that the coordinator starts for itself. */
export interface OwnWorkers {
  /** Asks for one of a kind. @returns it, once it is there, or `failed` where this machine cannot be that. */
  own(like: { readonly backend: string; readonly threads: number }): Peer | 'failed' | undefined;
  /** None is needed for now. */
  dismiss(): void;
}

export interface ExactnessOptions {
  /** Numeric profile that every worker must have; the first worker's if undefined; null admits any mix. */
  readonly exactProfile: string | undefined | null;
  /** What this run was told to compute with: while there is no profile, nobody who is not trusted brings another. */
  readonly backend: BackendChoice;
  /** Whether workers of the same command may still come. */
  readonly expectsOwn: () => boolean;
  /** With audits the worker of ours that was started stays. */
  readonly hasArbiter: boolean;
  readonly arbitration: OwnWorkers;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly admit: (peer: Peer, probeMs: number) => void;
  readonly refuse: (peer: Peer, code: RefusalCode, sentence: string) => void;
}

export class Exactness {
  readonly #options: ExactnessOptions;
  #profile: string | undefined | null;
  /** Profiles that workers of this machine were seen to have. */
  readonly #computable = new Set<string>();
  /** Profile of our own worker of a kind; `failed` where there is none. Bounded by the kinds that an arbiter can be. */
  readonly #kinds = new Map<string, string>();
  readonly #waiting = new Map<Peer, number>();
  readonly #since: number;

  constructor(options: ExactnessOptions) {
    this.#options = options;
    this.#profile = options.exactProfile;
    this.#since = options.now();
  }

  /**
   * A worker told its profile. It is admitted at once, or later.
   *
   * @throws ProtocolError `profile-mismatch`, `profile-unverifiable`; `message-unexpected` if it told it before.
   */
  ready(peer: Peer, probeMs: number): void {
    if (this.#waiting.has(peer)) throw new ProtocolError('message-unexpected', 'a second ready came');
    if (this.#profile === null || this.#isAdmitted(peer)) this.#options.admit(peer, probeMs);
    else this.#waiting.set(peer, probeMs);
  }

  /** Looks again at those who wait. */
  tick(): void {
    if (this.#waiting.size === 0) return;
    const { admit, refuse, arbitration, hasArbiter } = this.#options;
    for (const [peer, probeMs] of this.#waiting) {
      if (peer.state !== 'joining') this.#waiting.delete(peer);
      else {
        try {
          if (!this.#isAdmitted(peer)) continue;
          this.#waiting.delete(peer);
          admit(peer, probeMs);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          this.#waiting.delete(peer);
          refuse(peer, error.code, error.message);
        }
      }
    }
    if (this.#waiting.size === 0 && !hasArbiter) arbitration.dismiss();
  }

  #isAdmitted(peer: Peer): boolean {
    const { isArbiter, credential, profile, hello } = peer;
    if (credential.kind === 'local') this.#computable.add(profile);
    if (isArbiter) return true;
    this.#requireProfile(profile);
    if (credential.role !== 'trusted') {
      const { backend, threads } = hello!;
      if (this.#profile === undefined && (!this.#mayDecide(backend) || isVolunteer(peer))) return false;
      if (!this.#computable.has(profile) && !this.#isComputed(profile, { backend, threads })) return false;
    }
    this.#profile ??= profile;
    return true;
  }

  /** In an exact run the first worker's profile, or the checkpoint's, is everybody's. */
  #requireProfile(profile: string): void {
    if (typeof this.#profile !== 'string' || profile === this.#profile) return;
    throw new ProtocolError(
      'profile-mismatch',
      `the run is exact and this worker computes other bits: ${profileDifference(this.#profile, profile)}`,
    );
  }

  /** Whether a stranger may be the first. */
  #mayDecide(backend: string): boolean {
    const { expectsOwn, now } = this.#options;
    const wanted = this.#options.backend;
    if (wanted !== 'auto' && wanted !== backend) {
      throw new ProtocolError('profile-mismatch', `the run is exact and told to compute with ${wanted}`);
    }
    return !expectsOwn() || now() - this.#since > OWN_FIRST_MS;
  }

  #isComputed(profile: string, { backend, threads }: { backend: string; threads: number }): boolean {
    const kind = `${backend}/${threads}`;
    const ours = this.#kinds.get(kind) ?? this.#ask(kind, { backend, threads });
    if (ours === undefined) return false;
    if (ours === profile) return true;
    const why = ours === 'failed' ? 'none like it starts there' : profileDifference(ours, profile);
    throw new ProtocolError(
      'profile-unverifiable',
      'the run is exact and its coordinator cannot compute what this worker does, so it could check nothing; use ' +
        `--backend wasm, or a credential of role trusted (${why})`,
    );
  }

  /** @returns the profile of our own worker of a kind, as soon as it is there. */
  #ask(kind: string, like: { backend: string; threads: number }): string | undefined {
    const found = this.#options.arbitration.own(like);
    if (found === undefined) return undefined;
    const ours = found === 'failed' ? found : found.profile;
    // More kinds than there are come from whoever makes them up.
    if (this.#kinds.size < MOST_KINDS) this.#kinds.set(kind, ours);
    return ours;
  }
}
