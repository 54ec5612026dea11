/**
 * One hostile connection: it speaks the protocol as far as its attack needs, and says whatever it likes.
 *
 * It answers pings and counts averages as applied, so it is nobody's idea of a dead worker; leases it leaves unanswered.
 */
import { decodeFromCoordinator, encodeFrame, PROTOCOL_VERSION } from '@gradcast/protocol';
import type { CoordinatorMessage, MessageOf, Received } from '@gradcast/protocol';
import { WebSocket } from 'ws';
import type { Target } from './target.ts';

/** How it introduces itself. */
export interface Disguise extends Partial<MessageOf<'hello'>> {
  /** 64 hexadecimal digits. */
  readonly probe?: string;
  readonly probeMs?: number;
}

type MessageType = CoordinatorMessage['type'];
type Heard<T extends MessageType> = CoordinatorMessage & { type: T };

/** A probe that no engine has: a numeric profile of the attacker's own. */
const INVENTED_PROBE = '5a'.repeat(32);

export class Attacker {
  readonly socket: WebSocket;
  /** Resolves with the code of a refusal, or of the close, once the connection is gone. */
  readonly gone: Promise<string>;
  readonly #target: Target;
  readonly #waiting = new Map<MessageType, (message: CoordinatorMessage) => void>();
  /** Given every message before it is answered; the payload too. */
  onMessage: (received: Received<CoordinatorMessage>, bytes: Uint8Array) => void = () => undefined;
  incarnation = 1;
  probe = INVENTED_PROBE;
  probeMs = 1;
  /** Answers averages and pings by itself. */
  isAlive = true;

  private constructor(target: Target, socket: WebSocket) {
    this.#target = target;
    this.socket = socket;
    let refusal: string | undefined;
    this.gone = new Promise((resolve) => socket.on('close', (code) => resolve(refusal ?? String(code))));
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      const bytes = Uint8Array.from(data);
      const received = decodeFromCoordinator(bytes);
      const { message } = received;
      if (message.type === 'refuse') refusal = message.code;
      if (message.type === 'welcome') this.incarnation = message.incarnation;
      this.#waiting.get(message.type)?.(message);
      this.onMessage(received, bytes);
      if (this.isAlive) this.#answer(message);
    });
  }

  /** @throws Error if the door stays shut. */
  static open(target: Target): Promise<Attacker> {
    const headers = { authorization: `Bearer ${target.token}` };
    const socket = new WebSocket(target.url, { perMessageDeflate: false, headers });
    const attacker = new Attacker(target, socket);
    target.closeLater(() => socket.terminate());
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(attacker));
      void attacker.gone.then((code) => reject(new Error(`the door stayed shut (${code})`)));
    });
  }

  /** Comes in and says hello and ready. @returns once it was welcomed. */
  static async join(target: Target, disguise: Disguise = {}): Promise<Attacker> {
    const attacker = await Attacker.open(target);
    await attacker.join(disguise);
    return attacker;
  }

  async join(disguise?: Disguise): Promise<void> {
    this.hello(disguise);
    const { incarnation } = await this.next('welcome');
    await this.say({ type: 'ready', incarnation, probe: this.probe, probeMs: this.probeMs });
  }

  hello({ probe, probeMs, ...hello }: Disguise = {}): void {
    this.probe = probe ?? this.probe;
    this.probeMs = probeMs ?? this.probeMs;
    void this.say({
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      backend: 'wasm',
      device: 'CPU',
      profile: { backend: 'invented' },
      threads: 1,
      name: 'attacker',
      metricsPort: null,
      session: null,
      ...hello,
    });
  }

  /** Sends any header at all. @returns when the system has taken it. */
  say(header: object): Promise<void> {
    return this.raw(encodeFrame(header));
  }

  raw(data: Uint8Array | string): Promise<void> {
    return new Promise((resolve) => this.socket.send(data, () => resolve()));
  }

  /** The next message of a type. @throws Error if the connection or the run ends before. */
  next<T extends MessageType>(type: T): Promise<Heard<T>> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(type, (message) => {
        this.#waiting.delete(type);
        resolve(message as Heard<T>);
      });
      void this.gone.then((code) => reject(new Error(`gone (${code}) before a ${type} came`)));
      this.#target.over.addEventListener('abort', () => reject(new Error(`the run ended before a ${type} came`)));
    });
  }

  #answer(message: CoordinatorMessage): void {
    const { incarnation } = this;
    if (message.type === 'ping') void this.say({ type: 'pong', incarnation, id: message.id });
    if (message.type === 'snapshot') void this.say({ type: 'applied', incarnation, version: message.version });
    if (message.type === 'average') void this.say({ type: 'applied', incarnation, version: message.version + 1 });
  }
}
