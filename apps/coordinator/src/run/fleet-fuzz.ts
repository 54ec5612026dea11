/**
 * Hostile peers around one honest worker, for tests: they hold conversations with the coordinator in which messages are
 * damaged, forged, out of place and out of time, while steps open, close and time passes.
 *
 * What must hold, whatever they send: nothing is thrown; whatever the coordinator answers fits its own schemas
 * ({@link FakeSocket} decodes it) and echoes nothing at length; the honest worker goes on closing steps.
 */
import { alignedSubtrees } from '@gradcast/schedule';
import { PROTOCOL_VERSION } from '@gradcast/protocol';
import type { MessageOf } from '@gradcast/protocol';
import { Dice, FrameFuzzer, FuzzTally } from '@gradcast/protocol/fuzzing';
import type { Draft, FuzzReport } from '@gradcast/protocol/fuzzing';
import { auditPicks } from '../audit/audit-picks.ts';
import { fingerprintOf, FleetHarness, INCARNATION, treeSum } from './fleet-harness.ts';
import type { FakeWorker } from './fleet-harness.ts';

/** Hostile connections at a time. */
const PEERS = 6;
/** Moves of the honest worker and the clock, in frames. */
const TURN = 16;
/** A fleet starts anew after so many frames: what it told its harness is kept for that long. */
const LIFE = 20_000;
/** The longest sentence that a refusal may have: what it quotes of a peer is a few dozen characters. */
const LONGEST_SENTENCE = 400;

export interface FleetFuzzOptions {
  readonly seed: number;
  readonly frames: number;
  /** Recorded frames of workers to damage, beside messages that fit the moment. */
  readonly recorded?: readonly Uint8Array[];
  readonly now: () => number;
  readonly usedBytes: () => number;
}

/**
 * @returns what became of the frames.
 * @throws whatever the coordinator throws, or an Error that says which promise was broken, with the number of the frame.
 */
export function fuzzFleet(options: FleetFuzzOptions): FuzzReport {
  const dice = new Dice(options.seed);
  const tally = new FuzzTally(options.now, options.usedBytes);
  let siege: Siege | undefined;
  for (let frame = 0; frame < options.frames; frame++) {
    try {
      if (!siege || frame % LIFE === 0) siege = new Siege(dice, options.recorded ?? []);
      const { send } = siege;
      tally.take(send);
      if (frame % TURN === 0) siege.turn();
    } catch (cause) {
      throw new Error(`frame ${frame} of seed ${options.seed}: ${String(cause)}`, { cause });
    }
  }
  return tally.report;
}

class Siege {
  readonly #dice: Dice;
  readonly #fuzzer: FrameFuzzer;
  readonly #recorded: readonly Uint8Array[];
  readonly #harness: FleetHarness;
  readonly #hostile: FakeWorker[] = [];
  #honest: FakeWorker;
  /** Our own workers, which come when they are called. */
  readonly #arbiters: FakeWorker[] = [];
  #leased: { readonly one: FakeWorker; readonly lease: MessageOf<'lease'> }[] = [];
  #turns = 0;
  #stepOpenedAt = 0;
  #joined = 0;

  constructor(dice: Dice, recorded: readonly Uint8Array[]) {
    this.#dice = dice;
    this.#fuzzer = new FrameFuzzer(dice);
    this.#recorded = recorded;
    const auditRate = dice.of([0, 0.5]);
    this.#harness = new FleetHarness({ isAudited: auditPicks('secret', auditRate), hasArbiter: auditRate > 0 });
    [this.#honest] = this.#harness.join('honest');
    this.#open();
  }

  /** Sends one frame from one hostile peer. @returns what became of it. */
  readonly send = (): string => {
    const at = this.#dice.below(PEERS);
    const peer = (this.#hostile[at] ??= this.#connect());
    const { socket } = peer;
    socket.sent.splice(0, Math.max(0, socket.sent.length - 64));
    peer.bytes(this.#frame(peer), this.#dice.chance(0.995));
    if (socket.closedWith === undefined && !socket.terminated) return 'taken';
    const code = peer.refusedWith ?? 'closed';
    const sentence = peer.of('refuse').at(-1)?.message.sentence ?? '';
    if (sentence.length > LONGEST_SENTENCE) throw new Error(`a refusal of ${sentence.length} characters`);
    if (/[\u0000-\u001f\u007f-\u009f]/.test(sentence)) throw new Error(`a refusal with control characters`);
    socket.hangUp();
    this.#hostile[at] = this.#connect();
    return code;
  };

  /** Time passes, the honest worker works, steps close. */
  turn(): void {
    this.#arbiters.push(...this.#harness.arbitersCome());
    const ours = [this.#honest, ...this.#arbiters];
    this.#harness.pass(100);
    for (const one of ours) {
      const [pings, leases] = [one.of('ping'), one.leases];
      const refused = one.of('refuse').at(-1)?.message;
      // An answer may bring the next lease at once: that is for the next turn.
      one.socket.sent.length = 0;
      for (const { message } of pings) one.says({ type: 'pong', incarnation: INCARNATION, id: message.id });
      this.#leased.push(...leases.map((lease) => ({ one, lease })));
      if (one.socket.closedWith === undefined) continue;
      throw new Error(`an honest worker was refused: ${refused?.code}: ${refused?.sentence}`);
    }
    this.#answer();
    if (this.#step.isClosed) this.#next();
    else if (++this.#turns - this.#stepOpenedAt > 600) throw new Error(`step ${this.#harness.version} stays open`);
  }

  /** Nobody computes for a step whose average it has not: what was leased ahead waits until then. */
  #answer(): void {
    const { version } = this.#harness;
    const due = this.#leased.filter(({ lease }) => lease.version === version);
    this.#leased = this.#leased.filter(({ lease }) => lease.version > version);
    for (const { one, lease } of due) one.answer(lease);
  }

  get #step() {
    return this.#harness.fleet.open(this.#harness.version);
  }

  #open(): void {
    this.#harness.fleet.open(this.#harness.version);
    this.#harness.fleet.prepare(this.#harness.version + 1);
    this.#stepOpenedAt = this.#turns;
  }

  #next(): void {
    this.#harness.next();
    for (const one of [this.#honest, ...this.#arbiters]) one.applied(this.#harness.version);
    this.#open();
  }

  #connect(): FakeWorker {
    this.#joined += 1;
    // Each from an address of its own: nobody waits for the budget of another.
    const address = `10.${this.#joined >> 16}.${(this.#joined >> 8) & 255}.${this.#joined & 255}`;
    return this.#harness.connect(`peer-${this.#joined % 50}`, {}, { address });
  }

  #frame(peer: FakeWorker): Uint8Array {
    const dice = this.#dice;
    if (this.#recorded.length > 0 && dice.chance(0.1)) return this.#fuzzer.damage(dice.of(this.#recorded));
    return this.#fuzzer.frame(this.#draft(peer));
  }

  /** A message that the peer could send now, honest or not. */
  #draft(peer: FakeWorker): Draft {
    const dice = this.#dice;
    const incarnation = INCARNATION;
    const { version } = this.#harness;
    const none = new Uint8Array(0);
    const greeted = peer.of('welcome').length > 0;
    if (!greeted && dice.chance(0.9)) return { header: hello(dice), payload: none };
    switch (dice.below(10)) {
      case 0:
        return { header: hello(dice), payload: none };
      case 1:
        return { header: { type: 'ready', incarnation, probe: 'ab'.repeat(32), probeMs: 10 }, payload: none };
      case 2:
        return { header: { type: 'applied', incarnation, version }, payload: none };
      case 3:
        return { header: { type: dice.of(['ping', 'pong']), incarnation, id: 1 }, payload: none };
      case 4:
        return { header: { type: 'stats', incarnation, counters: { images: 1 } }, payload: none };
      case 5:
        return {
          header: { type: 'resync', incarnation, version, fingerprint: fingerprintOf(version) },
          payload: none,
        };
      case 6:
        return dice.chance(0.5)
          ? { header: { type: 'leave', incarnation, reason: 'told to' }, payload: none }
          : { header: { type: 'refuse', code: 'compute-failed', sentence: 'no', retry: 'never' }, payload: none };
      default:
        return this.#result(peer);
    }
  }

  #result(peer: FakeWorker): Draft {
    const lease = peer.leases.at(-1) ?? { lease: 1, version: this.#harness.version, first: 0, count: 8 };
    const subtree = this.#dice.of(alignedSubtrees(lease));
    const vector = treeSum(lease.version, subtree);
    const header = {
      type: 'result',
      incarnation: INCARNATION,
      lease: lease.lease,
      version: lease.version,
      subtree,
      fingerprint: fingerprintOf(lease.version),
      computeMs: 5,
      queueMs: 1,
    };
    return { header, payload: new Uint8Array(vector.buffer) };
  }
}

function hello(dice: Dice): Record<string, unknown> {
  return {
    type: 'hello',
    protocol: PROTOCOL_VERSION,
    backend: dice.of(['wasm', 'tensorflow', 'webgpu']),
    device: 'cpu',
    profile: { backend: 'wasm', threads: '1' },
    threads: 1,
    name: `peer-${dice.below(50)}`,
    metricsPort: null,
    session: dice.chance(0.2) ? 'ab'.repeat(16) : null,
  };
}
