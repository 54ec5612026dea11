/**
 * A fleet without a network: sockets that take everything and workers that answer every lease with one tiny vector. What
 * is left of a step is what the coordinator does for its results: frames read and written, leases, shares, sums of 48
 * elements.
 */
import { EventEmitter } from 'node:events';

const SHAPE = { parameters: 32, pixels: 4, latent: 2, microBatchSize: 2 };
const TAIL = 16;
const LEASE_MS = 10;
const TICK_MS = 100;
const INCARNATION = 1;
const SCALARS = { alpha: 1, oneMinusBeta1: 1, oneMinusBeta2: 1, epsilon: 1 };
const fingerprintOf = (version) => version.toString(16).padStart(32, '0');

class Socket extends EventEmitter {
  bufferedAmount = 0;
  onFrame = () => undefined;

  send(frame, _options, callback) {
    this.onFrame(frame);
    callback();
  }

  close() {}
  terminate() {}
}

export class BenchFleet {
  #library;
  #fleet;
  #workers = [];
  #step;
  #version = 0;
  /** Milliseconds that the fleet believes to have passed: every lease takes equally long, so shares are equal. */
  #clock = 0;

  /** @param workers N, also M: one leaf for each. */
  constructor(library, { workers, auditRate = 0 }) {
    const { Fleet, createCodec, referenceKernels: kernels } = library;
    const layout = {
      parameters: { entries: [], length: SHAPE.parameters },
      generatorLength: SHAPE.parameters / 2,
      tail: { entries: [], length: TAIL },
    };
    const ignore = () => undefined;
    const events = { joined: ignore, left: ignore, lease: ignore, leaseTime: ignore, mismatch: ignore, bytes: ignore };
    this.#library = library;
    this.#fleet = new Fleet({
      terms: {
        incarnation: INCARNATION,
        run: 'bench',
        preset: 'mnist',
        seed: 7,
        microBatchSize: SHAPE.microBatchSize,
        microBatches: workers,
        codec: 'f32',
      },
      payload: SHAPE,
      codec: createCodec('f32', { layout, seed: 7, kernels }),
      cut: (_step, { count }) => ({
        images: new Uint8Array(count * SHAPE.microBatchSize * SHAPE.pixels),
        noise: new Float32Array(count * SHAPE.microBatchSize * SHAPE.latent),
      }),
      now: () => this.#clock,
      events: {
        ...events,
        audit: ignore,
        notice: ignore,
        quarantined: ignore,
        stalled: ignore,
        refused: failOn('refused'),
      },
      isTailSound: () => true,
      minWorkers: 1,
      maxWorkers: workers,
      isAudited: library.auditPicks('secret', auditRate),
      hasArbiter: auditRate > 0,
      isNear: () => false,
      exactProfile: null,
      backend: 'auto',
      expectsOwn: () => false,
      resumed: false,
      startArbiter: failOn('an arbiter was called'),
    });
    this.#settle();
    this.#step = this.#fleet.open(0);
    this.#workers = Array.from({ length: workers }, (_, i) => new Worker(library, this.#fleet, `worker-${i}`));
    this.#step.stop();
  }

  #settle() {
    const vectors = [0, 1, 2].map(() => new Float32Array(SHAPE.parameters));
    this.#fleet.publish({
      version: this.#version,
      fingerprint: fingerprintOf(this.#version),
      vectors,
      normBound: Infinity,
      suspectNorm: Infinity,
    });
  }

  /** One step, from its opening to the settled state behind it. @returns milliseconds of processor time and the number of results. */
  step() {
    const before = process.cpuUsage();
    let results = 0;
    this.#step = this.#fleet.open(this.#version);
    this.#fleet.prepare(this.#version + 1);
    this.#clock += LEASE_MS;
    while (!this.#step.isClosed) {
      const before = results;
      for (const worker of this.#workers) results += worker.answer(this.#version, fingerprintOf(this.#version));
      if (results === before) throw new Error('the step does not close');
    }
    void this.#fleet.broadcast(this.#version, new Uint8Array(SHAPE.parameters * 4), SCALARS);
    this.#version += 1;
    this.#settle();
    for (const worker of this.#workers) worker.applied(this.#version);
    this.#clock += TICK_MS;
    this.#fleet.tick();
    const { user, system } = process.cpuUsage(before);
    return { ms: (user + system) / 1000, results };
  }
}

class Worker {
  #library;
  #socket = new Socket();
  #leases = [];

  constructor(library, fleet, name) {
    this.#library = library;
    this.#socket.onFrame = (frame) => {
      const { message } = library.decodeFromCoordinator(Uint8Array.from(frame));
      if (message.type === 'lease') this.#leases.push(message);
    };
    // Each has a secret of its own, so that any two may confirm each other.
    const credential = { kind: 'own', name, role: 'worker' };
    fleet.add({
      socket: this.#socket,
      address: '127.0.0.1',
      credential,
      bytesRead: () => 0,
      whenLarge: () => undefined,
    });
    const profile = { backend: 'canned' };
    const hello = { type: 'hello', protocol: library.PROTOCOL_VERSION, backend: 'canned', device: 'cpu', profile };
    this.#say({ ...hello, threads: 1, name, metricsPort: null, session: null });
    this.#say({ type: 'ready', incarnation: INCARNATION, probe: 'ab'.repeat(32), probeMs: 10 });
    this.applied(0);
  }

  applied(version) {
    this.#say({ type: 'applied', incarnation: INCARNATION, version });
  }

  /** Answers all leases of a version. @returns the number of results. */
  answer(version, fingerprint) {
    const due = this.#leases.filter((lease) => lease.version === version);
    this.#leases = this.#leases.filter((lease) => lease.version > version);
    let results = 0;
    for (const { lease, first, count } of due) {
      for (const subtree of this.#library.alignedSubtrees({ first, count })) {
        const result = { type: 'result', incarnation: INCARNATION, lease, version, subtree, fingerprint };
        this.#say({ ...result, computeMs: 0, queueMs: 0 }, [new Float32Array(SHAPE.parameters + TAIL)]);
        results += 1;
      }
    }
    return results;
  }

  #say(message, parts = []) {
    this.#socket.emit('message', Buffer.from(this.#library.encodeFrame(message, parts)), true);
  }
}

function failOn(what) {
  return (...words) => {
    throw new Error([what, ...words.filter((word) => typeof word === 'string')].join(' '));
  };
}
