/** Attacks of one frame each, with the connection that each costs its sender. */
import { encodeFrame, HEADER_LIMIT } from '@gradcast/protocol';
import { Attacker } from './attacker.ts';
import { ended, expectAll, tally } from './target.ts';
import type { Attack, Target } from './target.ts';

/** Terminal escapes, a new line, a bell, a reversal of the direction of writing. */
const ESCAPES = '\u001b[2J\u001b]0;owned\u0007\r\nforged line\u202e';

/** Names of two characters, so that thousands fit into a header. */
function keys(count: number): Record<string, number> {
  const letter = (code: number) => String.fromCharCode(0x21 + code);
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [letter(Math.floor(i / 64)) + letter(i % 64), 0]));
}

/** Sends each on a connection of its own, unintroduced. @returns how each ended. */
function each(target: Target, frames: readonly (Uint8Array | string)[]): Promise<string[]> {
  return Promise.all(
    frames.map(async (frame) => {
      const attacker = await Attacker.open(target);
      await attacker.raw(frame);
      return attacker.gone;
    }),
  );
}

/** Bytes that look like chance, the same in every run. */
function garbage(length: number): Uint8Array {
  let word = length;
  return Uint8Array.from({ length }, () => (word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0) >>> 24);
}

/** Says something after an orderly hello. */
async function afterHello(target: Target, header: object): Promise<string> {
  const attacker = await Attacker.open(target);
  attacker.hello();
  const { incarnation } = await attacker.next('welcome');
  await attacker.say({ incarnation, ...header });
  return attacker.gone;
}

export const frames: readonly Attack[] = [
  {
    name: 'pong with 3,900 unknown keys',
    isFirst: true,
    play: async (target) => {
      const frame = encodeFrame({ type: 'pong', incarnation: 1, id: 1, ...keys(3900) });
      return expectAll(await each(target, [frame]), 'frame-malformed');
    },
  },
  {
    name: 'ping with one key of 16,345 characters',
    isFirst: true,
    play: async (target) => {
      const room = HEADER_LIMIT - encodeFrame({ type: 'ping', incarnation: 1, id: 1 }).byteLength - 8;
      const frame = encodeFrame({ type: 'ping', incarnation: 1, id: 1, ['k'.repeat(Math.min(16_345, room))]: 0 });
      return expectAll(await each(target, [frame]), 'frame-malformed');
    },
  },
  {
    name: 'text frames',
    isFirst: true,
    play: async (target) => expectAll(await each(target, ['', '{"type":"hello"}', ESCAPES]), 'frame-malformed'),
  },
  {
    name: 'garbage frames, 200 lengths',
    isFirst: true,
    play: async (target) => {
      const lengths = Array.from({ length: 200 }, (_, i) => i * 331);
      return tally(await each(target, lengths.map(garbage)));
    },
  },
  {
    name: 'a large frame before any lease',
    isFirst: true,
    play: async (target) => {
      const attackers = await Promise.all(Array.from({ length: 16 }, () => Attacker.open(target)));
      for (const attacker of attackers.slice(8)) attacker.hello();
      for (const attacker of attackers) void attacker.raw(new Uint8Array(3_000_000));
      const endings = await Promise.all(attackers.map(({ gone }) => gone));
      // Its own writing may fail before it has read the refusal.
      const isEarly = (ending: string) => ending === 'message-too-large' || ending === '1006';
      if (!endings.every(isEarly)) throw new Error(`answers: ${tally(endings)}`);
      return tally(endings);
    },
  },
  {
    name: 'control characters and terminal escapes',
    play: async (target) => {
      const hellos = [{ name: ESCAPES }, { device: ESCAPES }, { backend: ESCAPES }, { profile: { fact: ESCAPES } }];
      const answers = await Promise.all([
        ...hellos.map(async (hello) => {
          const attacker = await Attacker.open(target);
          attacker.hello(hello);
          return attacker.gone;
        }),
        afterHello(target, { type: 'leave', reason: ESCAPES }),
        afterHello(target, { type: 'stats', counters: { [ESCAPES]: 1 } }),
        ...refusals(target),
      ]);
      return expectAll(answers, 'message-invalid');
    },
  },
  {
    name: 'flood of small messages',
    play: async (target) => {
      const attackers = await Promise.all([0, 1, 2, 3].map(() => Attacker.join(target)));
      const counts = await Promise.all(attackers.map((attacker) => flood(attacker, target)));
      return `${counts.reduce((sum, count) => sum + count, 0)} pings sent, ${tally(await endings(attackers, target))}`;
    },
  },
];

/** Refusals by a worker, whose words go to the operator. */
function refusals(target: Target): Promise<string>[] {
  const words = [
    { type: 'refuse', code: ESCAPES, sentence: 'words', retry: 'later' },
    { type: 'refuse', code: 'probe-unstable', sentence: ESCAPES, retry: 'later' },
  ];
  return words.map(async (refusal) => (await each(target, [encodeFrame(refusal)]))[0]);
}

async function flood(attacker: Attacker, { over }: Target): Promise<number> {
  const { incarnation, socket } = attacker;
  const frame = encodeFrame({ type: 'ping', incarnation, id: 1 });
  let sent = 0;
  while (!over.aborted && socket.readyState === socket.OPEN) {
    for (let i = 0; i < 200; i++) void attacker.raw(frame);
    await attacker.raw(frame);
    sent += 201;
  }
  return sent;
}

function endings(attackers: readonly Attacker[], target: Target): Promise<string[]> {
  return Promise.all(attackers.map(({ gone }) => Promise.race([gone, ended(target).then(() => 'stayed')])));
}
