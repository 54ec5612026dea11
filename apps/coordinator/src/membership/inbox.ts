/**
 * What comes from a worker: bytes become a typed message or a coded refusal, and a message goes to whoever deals with it.
 *
 * Invariant: nothing is used before it is decoded and checked, was due in the worker's state, and is of this incarnation.
 */
import { decodeFromWorker, openNothing, ProtocolError } from '@gradcast/protocol';
import type { MessageOf, Received, RefusalCode, WorkerMessage } from '@gradcast/protocol';
import type { Budgets } from './budgets.ts';
import type { Peer } from './peer.ts';

/** Who deals with a message; each may throw a ProtocolError, which ends the connection. */
export interface Handlers {
  hello(peer: Peer, message: MessageOf<'hello'>): void;
  ready(peer: Peer, message: MessageOf<'ready'>): void;
  applied(peer: Peer, message: MessageOf<'applied'>): void;
  /** The payload is the callee's. */
  result(peer: Peer, message: MessageOf<'result'>, payload: Uint8Array): void;
  resync(peer: Peer): void;
  leave(peer: Peer, message: MessageOf<'leave'>): void;
  refuse(peer: Peer, message: MessageOf<'refuse'>): void;
}

export interface InboxOptions {
  readonly incarnation: number;
  readonly budgets: Budgets;
  readonly handlers: Handlers;
  /** Deals with a peer at its own risk. */
  readonly guard: (peer: Peer, handle: () => void) => void;
  readonly refuse: (peer: Peer, code: RefusalCode, sentence: string) => void;
}

export class Inbox {
  readonly #options: InboxOptions;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /** More than a header's worth of one message is here. @returns whether it may go on. */
  mayBeLarge(peer: Peer): boolean {
    if (peer.mayBeLarge) return true;
    const { guard, refuse } = this.#options;
    guard(peer, () => refuse(peer, 'message-too-large', 'a large message came and no result was asked for'));
    return false;
  }

  receive(peer: Peer, data: Buffer, isBinary: boolean): void {
    if (peer.state === 'closed') return;
    try {
      if (!isBinary) throw new ProtocolError('frame-malformed', 'a text message came where frames are binary');
      const received = decodeFromWorker(data);
      const { type } = received.message;
      const heard = peer.heard(type, data.byteLength);
      if (heard === 'too-much' || (heard === 'unasked' && !this.#options.budgets.message(peer))) {
        throw new ProtocolError('too-many-messages', `a ${type} came, of more messages than it was asked for`);
      }
      this.#handle(peer, received);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#options.refuse(peer, error.code, error.message);
    }
  }

  #handle(peer: Peer, { message, payload }: Received<WorkerMessage>): void {
    const { handlers, incarnation } = this.#options;
    if (message.type === 'hello') return handlers.hello(peer, message);
    if (message.type === 'refuse') return handlers.refuse(peer, message);
    if (!peer.hello) throw new ProtocolError('message-unexpected', `a ${message.type} came before the hello`);
    if (message.incarnation !== incarnation) return;
    switch (message.type) {
      case 'ready':
        openNothing(payload);
        return handlers.ready(peer, message);
      case 'applied':
        return handlers.applied(peer, message);
      case 'result':
        return handlers.result(peer, message, payload);
      case 'resync':
        // Before its probe is known, a worker gets no replica.
        if (peer.state === 'joining') throw new ProtocolError('message-unexpected', 'a resync came before the ready');
        return handlers.resync(peer);
      case 'ping':
        // Who takes nothing gets no answers either.
        if (peer.hasRoom(0)) void peer.send({ type: 'pong', incarnation, id: message.id });
        return;
      case 'leave':
        return handlers.leave(peer, message);
      case 'pong':
      case 'stats':
        return;
      default:
        message satisfies never;
    }
  }
}
