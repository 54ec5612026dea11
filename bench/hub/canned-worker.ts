/** One worker that speaks the whole protocol and computes nothing. */
import { performance } from 'node:perf_hooks';
import { decodeFromCoordinator, encodeFrame } from '@gradcast/protocol';
import type { MessageOf, WorkerMessage } from '@gradcast/protocol';
import { alignedSubtrees } from '@gradcast/schedule';
import { freeAll } from '@gradcast/tensors';
import type { Connection } from '@gradcast/worker-core';
import { connect } from '../../apps/worker/src/connect.ts';
import { tellFailure } from '../harness/child.ts';
import type { CannedRun } from './canned.ts';
import { cannedHello } from '../harness/canned-hello.ts';

const PROBE = '0'.repeat(64);
const PROBE_MS = 10;
/** Bytes that a header may gain as its numbers grow; a multiple of 8, to which frames align. */
const HEADER_GROWTH = 64;

interface CannedWorkerOptions {
  readonly url: string;
  readonly name: string;
  readonly run: CannedRun;
  /** The encoded sum of so many leaves. */
  readonly payloadOf: (size: number) => Uint8Array;
  readonly tell: (event: 'began' | 'ended') => void;
}

/** A result frame that is used again. */
interface ReusedFrame {
  readonly room: Uint8Array;
  readonly payloadAt: number;
}

export class CannedWorker {
  /** Resolves when the last measured step has closed. */
  readonly finished: Promise<void>;
  results = 0;
  bytesUp = 0;
  bytesDown = 0;
  readonly #options: CannedWorkerOptions;
  readonly #connection: Connection;
  #finish: () => void = () => undefined;
  #incarnation = 0;
  #version = -1;
  /** Leases for a version still to come. */
  #early: MessageOf<'lease'>[] = [];
  /** Result frames by size and place among the results of that size in a step: written once, but for their headers. */
  readonly #frames = new Map<string, ReusedFrame>();
  /** How many results of each size the present step had so far. */
  readonly #sent = new Map<number, number>();
  #beganAt = 0;
  #endedAt = 0;

  constructor(options: CannedWorkerOptions) {
    this.#options = options;
    const { url, name } = options;
    this.finished = new Promise((resolve) => (this.#finish = resolve));
    this.#connection = connect(
      { url, token: null },
      {
        opened: () => this.#say(cannedHello(name)),
        message: (bytes) => {
          try {
            this.#receive(bytes);
            // As a worker does with an average: left to the collector, every few messages cost a collection of the whole heap.
            freeAll([bytes]);
          } catch (error) {
            tellFailure(error);
          }
        },
        closed: ({ sentence }) => tellFailure(new Error(`worker ${name}: ${sentence}`)),
      },
    );
  }

  /** From the first to the last version that is measured. */
  get ms(): number {
    return this.#endedAt - this.#beganAt;
  }

  get #measures(): boolean {
    const { begin, end } = this.#options.run;
    return this.#version >= begin && this.#version < end;
  }

  #receive(bytes: Uint8Array): void {
    const { message } = decodeFromCoordinator(bytes);
    if (this.#measures) this.bytesDown += bytes.byteLength;
    switch (message.type) {
      case 'welcome':
        this.#incarnation = message.incarnation;
        return this.#say({ type: 'ready', incarnation: this.#incarnation, probe: PROBE, probeMs: PROBE_MS });
      case 'snapshot':
        this.#check(message);
        return this.#reach(message.version);
      case 'average':
        if (message.version !== this.#version) throw new Error(`an average of version ${message.version} came`);
        return this.#reach(message.version + 1);
      case 'lease':
        return message.version > this.#version ? void this.#early.push(message) : this.#answer(message);
      case 'ping':
        return this.#say({ type: 'pong', incarnation: this.#incarnation, id: message.id });
      case 'pong':
      // While it is parked others take its leaves; a snapshot brings it back.
      case 'parked':
      case 'state':
        return;
      case 'refuse':
        throw new Error(`worker ${this.#options.name}: ${message.sentence}`);
      case 'drain':
      case 'done':
        throw new Error(`worker ${this.#options.name}: ${message.reason}`);
      default:
        message satisfies never;
    }
  }

  #check({ version, fingerprint }: MessageOf<'snapshot'>): void {
    if (this.#options.run.fingerprints[version] === fingerprint) return;
    throw new Error(`the coordinator's replica at version ${version} is not the one computed beforehand`);
  }

  #reach(version: number): void {
    const { run, tell } = this.#options;
    this.#version = version;
    this.#sent.clear();
    if (version === run.begin) {
      this.#beganAt = performance.now();
      tell('began');
    }
    if (version >= run.end) {
      this.#endedAt = performance.now();
      tell('ended');
      return this.#finish();
    }
    this.#say({ type: 'applied', incarnation: this.#incarnation, version });
    const due = this.#early;
    this.#early = [];
    for (const lease of due) this.#answer(lease);
  }

  #answer({ lease, version, first, count }: MessageOf<'lease'>): void {
    const { run } = this.#options;
    if (version !== this.#version || version >= run.end) return;
    const fingerprint = run.fingerprints[version];
    const incarnation = this.#incarnation;
    for (const subtree of alignedSubtrees({ first, count })) {
      const common = { type: 'result', lease, version, subtree, fingerprint, computeMs: 0, queueMs: 0 } as const;
      this.#send(this.#frame(subtree.size, { ...common, incarnation }));
      if (this.#measures) this.results += 1;
    }
  }

  /**
   * A result with its header written right in front of the payload, which stays where it is: a worker of one's own would
   * copy its gradient here, and this machine must not pay for that. What an earlier step sent from this memory has long
   * arrived: its average came back.
   */
  #frame(size: number, message: MessageOf<'result'>): Uint8Array {
    const header = encodeFrame(message);
    const place = this.#sent.get(size) ?? 0;
    this.#sent.set(size, place + 1);
    let frame = this.#frames.get(`${size}/${place}`);
    if (!frame) {
      const whole = encodeFrame(message, [this.#options.payloadOf(size)]);
      const room = new Uint8Array(HEADER_GROWTH + whole.byteLength);
      room.set(whole, HEADER_GROWTH);
      frame = { room, payloadAt: HEADER_GROWTH + header.byteLength };
      this.#frames.set(`${size}/${place}`, frame);
    }
    const start = frame.payloadAt - header.byteLength;
    frame.room.set(header, start);
    return frame.room.subarray(start);
  }

  #say(message: WorkerMessage): void {
    this.#send(encodeFrame(message));
  }

  #send(frame: Uint8Array): void {
    if (this.#measures) this.bytesUp += frame.byteLength;
    this.#connection.send(frame);
  }
}
