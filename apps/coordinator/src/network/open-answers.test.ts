import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { OpenAnswers } from './open-answers.ts';

function harness() {
  const answers = new OpenAnswers();
  const open = (address: string, socket = new EventEmitter()) => {
    const response = new EventEmitter();
    const isOpen = answers.take(address, socket as unknown as Socket, response as unknown as ServerResponse);
    return isOpen ? { response, socket } : undefined;
  };
  return { answers, open };
}

const many = <T>(count: number, open: () => T | undefined) =>
  Array.from({ length: count }, open).filter((each): each is NonNullable<Awaited<T>> => each !== undefined);

describe('answers on their way', () => {
  it('are so many of one address, and leave room for others', () => {
    const { answers, open } = harness();
    const flood = many(130, () => open('a'));
    expect(flood).toHaveLength(128);
    expect([open('b') !== undefined, answers.size]).toEqual([true, 129]);
    flood[0].response.emit('close');
    flood[1].socket.emit('close');
    expect([open('a'), open('a'), open('a')].map((each) => each !== undefined)).toEqual([true, true, false]);
  });

  it('are so many in all', () => {
    const { answers, open } = harness();
    const all = ['a', 'b', 'c'].flatMap((address) => many(128, () => open(address)));
    expect([all.length, answers.size]).toEqual([256, 256]);
    for (const { response, socket } of all) {
      response.emit('close');
      socket.emit('close');
    }
    expect(answers.size).toBe(0);
    expect(open('c')).toBeDefined();
  });

  it('are one at a time on a connection, which keeps nothing of those before', () => {
    const { answers, open } = harness();
    const socket = new EventEmitter();
    for (let turn = 0; turn < 100; turn++) {
      const first = open('a', socket);
      expect([open('a', socket), answers.size]).toEqual([undefined, 1]);
      first!.response.emit('close');
    }
    expect([answers.size, socket.listenerCount('close')]).toEqual([0, 0]);
  });
});
