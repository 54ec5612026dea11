/**
 * A WebSocket proxy between workers and coordinator that understands their frames and makes planned faults happen.
 *
 *     worker -- link -- coordinator        each frame: look, fire what fits, deliver what is left of it
 *
 * Requests of a join page go through as well, once there is a coordinator.
 *
 * Invariants: what no fault names goes through unchanged, in order and under backpressure; a planned fault fires at
 * most once; a worker whose coordinator cannot be reached is told so by a closed connection, as without a proxy.
 */
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { decodeFrame } from '@gradcast/protocol';
import type { Message } from '@gradcast/protocol';
import { WebSocket, WebSocketServer } from 'ws';
import { checkFault, COORDINATOR, isProcessFault, isResultFault } from './fault.ts';
import type { LinkFault, Phase, PlannedFault, ProcessFault } from './fault.ts';
import { forward } from './forward.ts';
import { Link } from './link.ts';
import type { Handling } from './link.ts';
import { Moments } from './moments.ts';
import type { Event, Moment } from './moments.ts';
import { spoil } from './spoil.ts';

export interface FaultProxyOptions {
  readonly faults?: readonly PlannedFault[];
  /** The process of a party, for the faults that hit processes. */
  readonly pidOf?: (party: string) => number;
}

const HANDSHAKE_MS = 10_000;
const LARGEST_FRAME = 256 * 1024 * 1024;

export class FaultProxy {
  readonly moments = new Moments();
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: LARGEST_FRAME });
  readonly #pidOf: (party: string) => number;
  readonly #planned = new Set<PlannedFault>();
  /** Connections as workers have them now, and all that may still be open on one side. */
  readonly #links = new Set<Link>();
  readonly #opened = new Set<Link>();
  readonly #streams = new Set<Duplex>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #folders = new Set<FSWatcher>();
  #target: string | undefined;
  /** Connections that came before there was a target. */
  #waiting: (() => void)[] = [];

  private constructor(server: Server, { faults = [], pidOf = noProcess }: FaultProxyOptions) {
    this.#server = server;
    this.#pidOf = pidOf;
    for (const fault of faults) this.inject(fault);
    server.on('request', (request: IncomingMessage, response) => {
      if (this.#target === undefined) return void response.writeHead(426).end();
      const target = new URL(request.url ?? '/', this.#target.replace(/^ws/, 'http'));
      forward({ request, response }, target, { ...request.headers, host: target.host });
    });
    server.on('connection', (stream) => {
      this.#streams.add(stream);
      stream.once('close', () => this.#streams.delete(stream));
    });
    server.on('upgrade', (request, socket, head) => {
      socket.on('error', () => socket.destroy());
      this.moments.add({ kind: 'knocked' });
      const connect = () => this.#connect(request, socket, head);
      if (this.#target === undefined) this.#waiting.push(connect);
      else connect();
    });
  }

  /** Starts a proxy on a free port of the loopback address. @throws RangeError for a fault that can never hit. */
  static async start(options: FaultProxyOptions = {}): Promise<FaultProxy> {
    const server = createServer();
    const proxy = new FaultProxy(server, options);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  /** Where workers connect, `ws://127.0.0.1:PORT`; it stays the same whatever becomes of the coordinator. */
  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Where the coordinator is. Until it is set, workers are kept waiting at the door. */
  set target(url: string) {
    this.#target = url;
    for (const connect of this.#waiting.splice(0)) connect();
  }

  /** Plans a fault. @throws RangeError if it can never hit. */
  inject(fault: PlannedFault): void {
    checkFault(fault);
    this.#planned.add(fault);
  }

  /** Makes a fault happen to a worker's connection now. @returns false if it has none. */
  disturb(worker: string, fault: LinkFault): boolean {
    const found = [...this.#links].filter((link) => link.worker === worker);
    for (const link of found) link.disturb(fault);
    return found.length > 0;
  }

  /** Looks at the folder of a run's checkpoints, for faults in the phase `checkpoint`. It must exist. */
  watchCheckpoints(folder: string): void {
    const seen = new Set<string>();
    const watcher = watch(folder, (_, name) => {
      const step = /^\.tmp-.*step-(\d+)\.safetensors$/.exec(name ?? '')?.[1];
      if (step === undefined || seen.has(name!)) return;
      seen.add(name!);
      this.moments.add({ kind: 'checkpoint', step: Number(step) });
      for (const fault of this.#due(COORDINATOR, 'checkpoint', Number(step))) this.#fire(fault);
    });
    watcher.on('error', () => watcher.close());
    this.#folders.add(watcher);
  }

  /** When a planned fault fires, or fired. @throws Error if it does not within `seconds`. */
  fired(fault: PlannedFault, seconds?: number): Promise<Moment> {
    const what = `the fault ${JSON.stringify(fault)}`;
    return this.moments.until(what, (moment) => moment.kind === 'fault' && moment.fault === fault, seconds);
  }

  /** Cuts every connection and frees the port. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const folder of this.#folders) folder.close();
    for (const link of this.#opened) link.end();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      // Those at the door too, which are no links yet.
      for (const stream of this.#streams) stream.destroy();
    });
  }

  #connect(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { authorization, origin, 'sec-websocket-protocol': protocols } = request.headers;
    const coordinator = new WebSocket(new URL(request.url ?? '/', this.#target), protocols?.split(/, */) ?? [], {
      headers: { ...(authorization !== undefined && { authorization }), ...(origin !== undefined && { origin }) },
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: LARGEST_FRAME,
      perMessageDeflate: false,
    });
    coordinator.on('error', () => socket.destroy());
    coordinator.on('unexpected-response', (_, response) => passOn(response, socket));
    // A worker that leaves the door before it is open.
    const onLeft = () => coordinator.terminate();
    socket.once('close', onLeft);
    coordinator.on('open', () => {
      request.socket.setNoDelay(true);
      this.#sockets.handleUpgrade(request, socket, head, (worker) => {
        socket.off('close', onLeft);
        const onClose = (link: Link) => this.#gone(link);
        const link = new Link({ worker, coordinator, onClose, handle: (...frame) => this.#handle(...frame) });
        this.#links.add(link);
        this.#opened.add(link);
      });
    });
  }

  #gone(link: Link): void {
    if (this.#links.delete(link) && link.worker !== '') this.moments.add({ kind: 'gone', worker: link.worker });
  }

  #handle(bytes: Uint8Array, link: Link): Handling {
    const whole = { deliveries: [{ bytes, delayMs: 0 }] };
    const event = eventOf(headerOf(bytes), link.worker);
    if (!event) return whole;
    if (event.kind === 'joined') link.worker = event.worker;
    this.moments.add(event);
    if (event.kind === 'joined') return whole;
    const due = [...this.#due(link.worker, event.kind, event.step), ...this.#due(COORDINATOR, event.kind, event.step)];
    const spoiling = due.find(({ fault }) => isResultFault(fault));
    for (const planned of due) if (!isProcessFault(planned.fault)) this.#fire(planned, link);
    // A process is hit when the frame that told the moment is on its way.
    const processes = due.filter(({ fault }) => isProcessFault(fault));
    const spoilt = spoiling && isResultFault(spoiling.fault) ? spoil(bytes, spoiling.fault) : whole.deliveries;
    return {
      deliveries: link.carries ? spoilt : [],
      after: () => processes.forEach((planned) => this.#fire(planned, link)),
    };
  }

  /** Planned faults that fit; they are planned no more. A result is spoilt in one way at a time. */
  #due(party: string, phase: Phase, step: number): PlannedFault[] {
    const fitting = [...this.#planned].filter(
      (planned) => planned.party === party && planned.phase === phase && step >= planned.step,
    );
    const spoiling = fitting.find(({ fault }) => isResultFault(fault));
    const due = fitting.filter((planned) => planned === spoiling || !isResultFault(planned.fault));
    for (const planned of due) this.#planned.delete(planned);
    return due;
  }

  #fire(planned: PlannedFault, link?: Link): void {
    const { fault, party } = planned;
    if (isProcessFault(fault)) this.#hit(this.#pidOf(party), fault);
    else if (!isResultFault(fault)) link?.disturb(fault);
    this.moments.add({ kind: 'fault', fault: planned });
  }

  #hit(pid: number, fault: ProcessFault): void {
    if (fault.kind === 'kill') return void process.kill(pid, 'SIGKILL');
    process.kill(pid, 'SIGSTOP');
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      goOn(pid);
    }, fault.ms);
    this.#timers.add(timer);
  }
}

type SeenEvent = Extract<Event, { kind: 'joined' | 'leased' | 'result' | 'average' }>;

/** What a frame tells; undefined for those that no fault waits for. */
function eventOf(message: Message | undefined, worker: string): SeenEvent | undefined {
  switch (message?.type) {
    case 'welcome':
      return { kind: 'joined', worker: message.worker };
    case 'lease':
      return { kind: 'leased', worker, step: message.version + 1, first: message.first, count: message.count };
    case 'result': {
      const { start, size } = message.subtree;
      return { kind: 'result', worker, step: message.version + 1, first: start, count: size };
    }
    case 'average':
      return { kind: 'average', worker, step: message.version + 1 };
    default:
      return undefined;
  }
}

/** Frames come from this repository's own processes; one that is none goes through as it is. */
function headerOf(bytes: Uint8Array): Message | undefined {
  try {
    return decodeFrame(bytes).header as Message;
  } catch {
    return undefined;
  }
}

/** An HTTP refusal of the coordinator's, for the worker. */
function passOn(response: IncomingMessage, socket: Duplex): void {
  const { statusCode = 502, statusMessage = '' } = response;
  socket.write(
    `HTTP/1.1 ${statusCode} ${statusMessage}\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n`,
  );
  response.pipe(socket);
}

function goOn(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // It was killed while it stood still.
  }
}

function noProcess(party: string): never {
  throw new Error(`no process is known for ${party}`);
}
