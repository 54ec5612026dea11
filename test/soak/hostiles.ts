/** Hostile peers without end: one attack after the other, in an order that the seed decides, each for half a minute at most. */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Philox } from '@gradcast/random';
import { catalogue } from '../attack/catalogue.ts';
import type { Attack, Target } from '../attack/target.ts';

const LONGEST_MS = 30_000;
const LONGEST_PAUSE_MS = 20_000;
/** Tells these random numbers from all others that a seed is used for. */
const STREAM = 0x50a7;

/** Attacks against which a run without audits keeps its bits. */
export const attacks: readonly Attack[] = catalogue.filter(
  ({ flags, keeps }) => flags === undefined && keeps !== 'life',
);

/** How often each was played. */
export type Played = Map<string, number>;

/** Plays until `over`. @param say is told each. */
export async function harass(
  target: Omit<Target, 'over' | 'closeLater'>,
  { seed, over, say }: { seed: number; over: AbortSignal; say: (line: string) => void },
): Promise<Played> {
  const philox = new Philox(seed, STREAM);
  const played: Played = new Map(attacks.map(({ name }) => [name, 0]));
  for (let index = 0; !over.aborted; index++) {
    const [which, pause] = [...philox.u32x4(index)].map((word) => word / 2 ** 32);
    const attack = attacks[Math.floor(which * attacks.length)];
    const ending = await playFor(attack, target, over);
    played.set(attack.name, played.get(attack.name)! + 1);
    say(`attack: ${attack.name} (${ending})`);
    await sleep(pause * LONGEST_PAUSE_MS, undefined, { signal: over }).catch(() => undefined);
  }
  return played;
}

/** What became of the attackers; that they fail is no news here, the run is what is looked at. */
async function playFor(
  attack: Attack,
  target: Omit<Target, 'over' | 'closeLater'>,
  allOver: AbortSignal,
): Promise<string> {
  const closes: (() => void)[] = [];
  // Not AbortSignal.any of a timeout: nothing but the timeout holds it, and Node collects both before the time is up.
  const over = new AbortController();
  // Hundreds of attackers wait for it.
  setMaxListeners(0, over.signal);
  const end = () => over.abort();
  const timer = setTimeout(end, LONGEST_MS);
  allOver.addEventListener('abort', end);
  const ended = new Promise<string>((resolve) => over.signal.addEventListener('abort', () => resolve('time is up')));
  try {
    const closeLater = (close: () => void) => void closes.push(close);
    return await Promise.race([attack.play({ ...target, over: over.signal, closeLater }), ended]);
  } catch (error) {
    return (error as Error).message.split('\n')[0];
  } finally {
    clearTimeout(timer);
    allOver.removeEventListener('abort', end);
    end();
    for (const close of closes) close();
  }
}
