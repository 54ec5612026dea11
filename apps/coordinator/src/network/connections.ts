/**
 * The sockets at a port, from their first byte to their last.
 *
 * Invariants: a socket that carries no WebSocket is gone within a bounded time of its last request, whatever its other end does; as many as are
 * allowed can be had from one address without taking any place from another; closing leaves none.
 */
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  /** Sockets without a WebSocket, and as many with one, from one address. */
  readonly perAddress: number;
  /** The same from all addresses together. */
  readonly total: number;
  /** From the connection to the WebSocket. */
  readonly upgradeMs: number;
  /** From a request that is answered to the next, or to the end of the answer. */
  readonly answerMs: number;
  /** For what is still on its way to a worker when the port closes. */
  readonly lingerMs: number;
}

/** Workers that come back while their former connection is still there, and others that are refused. */
export const SPARE = 64;

/** All workers and volunteers of a run may be on one machine, or behind one router. */
export function connectionLimits(most: number): ConnectionLimits {
  const perAddress = most + SPARE;
  return { perAddress, total: 2 * perAddress, upgradeMs: 10_000, answerMs: 60_000, lingerMs: 2_000 };
}

interface Waiting {
  readonly address: string;
  timer: NodeJS.Timeout;
}

export class Connections {
  readonly #limits: ConnectionLimits;
  /** Sockets that carry no WebSocket (yet), oldest first. */
  readonly #waiting = new Map<Socket, Waiting>();
  readonly #upgraded = new Map<Socket, string>();
  readonly #waitingFrom = new Map<string, number>();
  readonly #upgradedFrom = new Map<string, number>();

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /** How many there are. */
  get size(): number {
    return this.#waiting.size + this.#upgraded.size;
  }

  /** A new one. Beyond a limit the one that has waited longest gives way: an honest worker needs a moment only. */
  add(socket: Socket, address: string): void {
    const { perAddress, total, upgradeMs } = this.#limits;
    this.#waiting.set(socket, { address, timer: endAfter(socket, upgradeMs) });
    count(this.#waitingFrom, address, 1);
    socket.once('close', () => this.#forget(socket));
    if (this.#waitingFrom.get(address)! > perAddress) this.#dropOldest(address);
    else if (this.#waiting.size > total) this.#dropOldest(undefined);
  }

  /** It is to carry the answer to a request: a page takes a slow link longer than an upgrade does. */
  answers(socket: Socket): void {
    const waiting = this.#waiting.get(socket);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    waiting.timer = endAfter(socket, this.#limits.answerMs);
  }

  /**
   * It is to carry a WebSocket from now on.
   *
   * @param address whom it is counted for, if not for the address it came from.
   * @returns whether there is room for it; if not, it goes on waiting.
   */
  upgrade(socket: Socket, address = this.#waiting.get(socket)?.address): boolean {
    if (!this.#waiting.has(socket) || address === undefined) return false;
    const { perAddress, total } = this.#limits;
    if (this.#upgraded.size >= total || (this.#upgradedFrom.get(address) ?? 0) >= perAddress) return false;
    this.#forget(socket);
    this.#upgraded.set(socket, address);
    count(this.#upgradedFrom, address, 1);
    return true;
  }

  /** Ends all of them: those with a WebSocket have a moment to go by themselves. */
  close(): void {
    for (const socket of this.#waiting.keys()) socket.destroy();
    if (this.#upgraded.size === 0) return;
    setTimeout(() => {
      for (const socket of this.#upgraded.keys()) socket.destroy();
    }, this.#limits.lingerMs).unref();
  }

  #dropOldest(from: string | undefined): void {
    for (const [socket, { address }] of this.#waiting) {
      if (from !== undefined && address !== from) continue;
      this.#forget(socket);
      socket.destroy();
      return;
    }
  }

  #forget(socket: Socket): void {
    const waiting = this.#waiting.get(socket);
    if (waiting) {
      clearTimeout(waiting.timer);
      this.#waiting.delete(socket);
      count(this.#waitingFrom, waiting.address, -1);
    }
    const address = this.#upgraded.get(socket);
    if (address === undefined) return;
    this.#upgraded.delete(socket);
    count(this.#upgradedFrom, address, -1);
  }
}

function endAfter(socket: Socket, ms: number): NodeJS.Timeout {
  return setTimeout(() => socket.destroy(), ms).unref();
}

function count(from: Map<string, number>, address: string, change: number): void {
  const number = (from.get(address) ?? 0) + change;
  if (number > 0) from.set(address, number);
  else from.delete(address);
}
