import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectionLimits, Connections } from './connections.ts';

const LIMITS = { perAddress: 2, total: 3, upgradeMs: 10_000, answerMs: 60_000, lingerMs: 2_000 };

class FakeSocket extends EventEmitter {
  destroyed = false;
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function harness(limits = LIMITS) {
  const connections = new Connections(limits);
  const arrive = (address: string) => {
    const socket = new FakeSocket();
    connections.add(socket as unknown as Socket, address);
    return socket;
  };
  const upgrade = (socket: FakeSocket) => connections.upgrade(socket as unknown as Socket);
  const worker = (address: string) => {
    const socket = arrive(address);
    expect(upgrade(socket)).toBe(true);
    return socket;
  };
  return { connections, arrive, upgrade, worker };
}

const destroyed = (...sockets: FakeSocket[]) => sockets.map((socket) => socket.destroyed);

describe('sockets without a WebSocket', () => {
  it('give way from the oldest on beyond the limit of their address', () => {
    const { connections, arrive } = harness();
    const [other, first, second] = [arrive('b'), arrive('a'), arrive('a')];
    expect(destroyed(other, first, second)).toEqual([false, false, false]);
    const third = arrive('a');
    expect(destroyed(other, first, second, third)).toEqual([false, true, false, false]);
    expect(connections.size).toBe(3);
  });

  it('give way from the oldest on beyond the limit of all addresses', () => {
    const { connections, arrive } = harness();
    const sockets = ['a', 'b', 'c', 'd'].map(arrive);
    expect(destroyed(...sockets)).toEqual([true, false, false, false]);
    expect(connections.size).toBe(3);
  });

  it('have longer from each request that is answered, and no longer', () => {
    const { connections, arrive } = harness();
    const socket = arrive('a');
    const answers = () => connections.answers(socket as unknown as Socket);
    vi.advanceTimersByTime(LIMITS.upgradeMs - 1);
    answers();
    vi.advanceTimersByTime(LIMITS.answerMs - 1);
    answers();
    vi.advanceTimersByTime(LIMITS.answerMs - 1);
    expect(socket.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(socket.destroyed).toBe(true);
    // What is gone has no time left to be given.
    answers();
    expect([connections.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('have so long for their upgrade and no longer', () => {
    const { connections, arrive, worker } = harness();
    const [silent, upgraded] = [arrive('a'), worker('b')];
    vi.advanceTimersByTime(LIMITS.upgradeMs - 1);
    expect(destroyed(silent, upgraded)).toEqual([false, false]);
    vi.advanceTimersByTime(1);
    expect(destroyed(silent, upgraded)).toEqual([true, false]);
    expect(connections.size).toBe(1);
  });

  it('that go leave nothing behind', () => {
    const { connections, arrive } = harness();
    arrive('a').destroy();
    expect([connections.size, vi.getTimerCount()]).toEqual([0, 0]);
    const kept = [arrive('a'), arrive('a')];
    expect(destroyed(...kept)).toEqual([false, false]);
  });
});

describe('sockets with a WebSocket', () => {
  it('are limited by address, and one that has no place goes on waiting', () => {
    const { arrive, upgrade, worker } = harness();
    const [first] = [worker('a'), worker('a')];
    const third = arrive('a');
    expect([upgrade(third), third.destroyed]).toEqual([false, false]);
    first.destroy();
    expect(upgrade(third)).toBe(true);
  });

  it('are limited in total, and lose no place to sockets that only wait', () => {
    const { arrive, upgrade, worker } = harness();
    const workers = ['a', 'b', 'c'].map(worker);
    expect(upgrade(arrive('d'))).toBe(false);
    for (let i = 0; i < 10; i++) arrive('a');
    expect(destroyed(...workers)).toEqual([false, false, false]);
  });

  it('are none of a socket that is gone already', () => {
    const { connections, arrive, upgrade } = harness();
    const socket = arrive('a');
    socket.destroy();
    expect([upgrade(socket), connections.size]).toEqual([false, 0]);
  });
});

it('closing ends who waits at once, and workers after a moment to go by themselves', () => {
  const { connections, arrive, worker } = harness();
  const [waiting, polite, stubborn] = [arrive('a'), worker('a'), worker('b')];
  connections.close();
  expect(destroyed(waiting, polite, stubborn)).toEqual([true, false, false]);
  polite.emit('close');
  vi.advanceTimersByTime(LIMITS.lingerMs);
  expect(destroyed(polite, stubborn)).toEqual([false, true]);
  expect(connections.size).toBe(0);
});

it('all workers of a run may be at one address, with room for some that come back', () => {
  const { perAddress, total } = connectionLimits(1024);
  expect([perAddress > 1024, total >= 2 * 1024]).toEqual([true, true]);
});
