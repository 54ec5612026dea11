/**
 * A process of canned workers: each has a socket of its own and speaks the whole protocol, but answers every lease at
 * once with the same vector and takes the fingerprint of its replica from a list. What is left is what the coordinator
 * and the wire cost.
 */
import { performance } from 'node:perf_hooks';
import { serveParent, tellFailure } from '../forked.mjs';
import { cannedPayloads } from './canned.mjs';

const PROBE = '0'.repeat(64);
const PROBE_MS = 10;
/** Bytes that a header may gain as its numbers grow; a multiple of 8, to which frames align. */
const HEADER_GROWTH = 64;

serveParent({
  join: async ({ library: path, url, names, run }) => {
    const library = await import(path);
    const { presets, buildModel } = library;
    const model = buildModel({ ...presets[run.preset], microBatch: run.microBatchSize });
    const payloads = new Payloads(cannedPayloads(library, model, run));
    const workers = names.map((name) => new CannedWorker({ library, url, name, run, payloads }));
    await Promise.all(workers.map(({ finished }) => finished));
    return {
      type: 'answered',
      // Of the first worker's clock alone: the difference is what counts.
      ms: workers[0].endedAt - workers[0].beganAt,
      results: sumOf(workers, 'results'),
      bytesDown: sumOf(workers, 'bytesDown'),
      bytesUp: sumOf(workers, 'bytesUp'),
    };
  },
});

function sumOf(workers, member) {
  return workers.reduce((sum, worker) => sum + worker[member], 0);
}

/** Encoded sums by the number of their leaves. */
class Payloads {
  #encoder;
  #bySize = new Map();

  constructor(encoder) {
    this.#encoder = encoder;
  }

  of(size) {
    if (!this.#bySize.has(size)) this.#bySize.set(size, this.#encoder.result(size));
    return this.#bySize.get(size);
  }
}

class CannedWorker {
  #options;
  #connection;
  #incarnation;
  #version = -1;
  /** Leases for a version still to come. */
  #early = [];
  /** Result frames by size and place among the results of that size in a step: written once, but for their headers. */
  #frames = new Map();
  /** How many results of each size the present step had so far. */
  #sent = new Map();
  /** Settles when the last measured step has closed. */
  finished;
  #finish;
  beganAt = 0;
  endedAt = 0;
  results = 0;
  bytesUp = 0;
  bytesDown = 0;

  constructor(options) {
    this.#options = options;
    const { library, url, name } = options;
    this.finished = new Promise((resolve) => (this.#finish = resolve));
    this.#connection = library.connect(
      { url, token: null },
      {
        opened: () => this.#sayHello(name),
        message: (bytes) => {
          try {
            this.#receive(bytes);
          } catch (error) {
            tellFailure(error);
          }
        },
        closed: ({ sentence }) => tellFailure(`worker ${name}: ${sentence}`),
      },
    );
  }

  get #measures() {
    const { begin, end } = this.#options.run;
    return this.#version >= begin && this.#version < end;
  }

  #receive(bytes) {
    const { message } = this.#options.library.decodeFromCoordinator(bytes);
    if (this.#measures) this.bytesDown += bytes.byteLength;
    switch (message.type) {
      case 'welcome':
        this.#incarnation = message.incarnation;
        return this.#say({ type: 'ready', probe: PROBE, probeMs: PROBE_MS });
      case 'snapshot':
        this.#check(message);
        return this.#reach(message.version);
      case 'average':
        if (message.version !== this.#version) throw new Error(`an average of version ${message.version} came`);
        return this.#reach(message.version + 1);
      case 'lease':
        return message.version > this.#version ? void this.#early.push(message) : this.#answer(message);
      case 'ping':
        return this.#say({ type: 'pong', id: message.id });
      case 'pong':
        return;
      case 'refuse':
      case 'done':
        throw new Error(`worker ${this.#options.name}: ${message.sentence ?? message.reason}`);
    }
  }

  #check({ version, fingerprint }) {
    const { run } = this.#options;
    if (run.fingerprints[version] === fingerprint) return;
    throw new Error(`the coordinator's replica at version ${version} is not the one computed beforehand`);
  }

  #reach(version) {
    const { begin, end } = this.#options.run;
    this.#version = version;
    this.#sent.clear();
    if (version === begin) {
      this.beganAt = performance.now();
      process.send({ type: 'began' });
    }
    if (version >= end) {
      this.endedAt = performance.now();
      process.send({ type: 'ended' });
      return this.#finish();
    }
    this.#say({ type: 'applied', version });
    const due = this.#early;
    this.#early = [];
    for (const lease of due) this.#answer(lease);
  }

  #answer({ lease, version, first, count }) {
    const { library, run } = this.#options;
    if (version !== this.#version || version >= run.end) return;
    for (const subtree of library.alignedSubtrees({ first, count })) {
      const fingerprint = run.fingerprints[version];
      const result = { type: 'result', lease, version, subtree, fingerprint, computeMs: 0, queueMs: 0 };
      this.#send(this.#frame(subtree.size, { ...result, incarnation: this.#incarnation }));
      if (this.#measures) this.results += 1;
    }
  }

  /**
   * A result with its header written right in front of the payload, which stays where it is: a worker of one's own would
   * copy its gradient here, and this machine must not pay for that. What an earlier step sent from this memory has long
   * arrived: its average came back.
   */
  #frame(size, message) {
    const { library, payloads } = this.#options;
    const header = library.encodeFrame(message);
    const place = this.#sent.get(size) ?? 0;
    this.#sent.set(size, place + 1);
    let frame = this.#frames.get(`${size}/${place}`);
    if (!frame) {
      const whole = library.encodeFrame(message, [payloads.of(size)]);
      const room = new Uint8Array(HEADER_GROWTH + whole.byteLength);
      room.set(whole, HEADER_GROWTH);
      frame = { room, payloadAt: HEADER_GROWTH + header.byteLength };
      this.#frames.set(`${size}/${place}`, frame);
    }
    const start = frame.payloadAt - header.byteLength;
    frame.room.set(header, start);
    return frame.room.subarray(start);
  }

  #sayHello(name) {
    const { encodeFrame, PROTOCOL_VERSION } = this.#options.library;
    this.#connection.send(
      encodeFrame({
        type: 'hello',
        protocol: PROTOCOL_VERSION,
        backend: 'canned',
        device: 'cpu',
        profile: { backend: 'canned' },
        threads: 1,
        name,
        metricsPort: null,
        session: null,
      }),
    );
  }

  #say(message) {
    this.#send(this.#options.library.encodeFrame({ incarnation: this.#incarnation, ...message }));
  }

  #send(frame) {
    if (this.#measures) this.bytesUp += frame.byteLength;
    this.#connection.send(frame);
  }
}
