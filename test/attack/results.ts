/** Attacks with numbers: gradients that are poison, lies that look plausible, answers cut wrongly. */
import type { MessageOf } from '@gradcast/protocol';
import { Liar } from './liar.ts';
import type { Lie } from './liar.ts';
import { ended, tally } from './target.ts';
import type { Attack, Target } from './target.ts';

const fill = (value: number) => (vector: Float32Array) => void vector.fill(value);
/** Far smaller than a real gradient's elements, so that no bound on norms tells it apart. */
export const plausible: Lie['gradient'] = (vector, turn) => {
  for (let i = 0; i < vector.length / 2; i++) vector[i] = ((i + turn) % 7) * 1e-5;
};

/**
 * Liars that come back under new names, so many times, as long as the run goes on.
 *
 * @throws Error if none of them got a lie in.
 */
export async function lie(target: Target, how: Lie, { times = 1, at = 0 } = {}): Promise<string> {
  const answers: string[] = [];
  let lies = 0;
  for (let time = 0; time < times && !target.over.aborted; time++) {
    const name = `liar-${at}-${time}`;
    const liar = await Liar.join(target, { ...how, disguise: { ...how.disguise, name } }).catch(() => undefined);
    if (!liar) continue;
    answers.push(await Promise.race([liar.attacker.gone, ended(target).then(() => 'stayed')]));
    lies += liar.lies;
  }
  if (lies === 0) throw new Error(`not one result was sent: ${tally(answers)}`);
  return `${lies} lies, ${tally(answers)}`;
}

export async function together(target: Target, how: Lie, liars: number): Promise<string> {
  const each = await Promise.all(Array.from({ length: liars }, (_, at) => lie(target, how, { at })));
  return each.join('; ');
}

/** The honest workers' numeric profile. */
export function likeThem({ honest: { facts: profile, probe } }: Target): Lie['disguise'] {
  return { profile, probe };
}

/** A result of one leaf in place of a larger subtree. */
function smaller(result: MessageOf<'result'>): MessageOf<'result'> {
  return { ...result, subtree: { start: result.subtree.start, size: 1 } };
}

const AUDITED = { flags: '--audit 1', honest: 2 };

export const results: readonly Attack[] = [
  { name: 'a gradient of 1e22 before step 100', play: (target) => lie(target, { gradient: fill(1e22) }, { times: 3 }) },
  {
    name: 'finite poison, 500-fold each step',
    keeps: 'life',
    play: (target) => lie(target, { gradient: (vector, turn) => vector.fill(1e-3 * 500 ** Math.min(turn, 13)) }),
  },
  {
    name: 'numbers between the tensors',
    play: (target) => lie(target, { gradient: fill(1e-6), fillsPadding: true }, { times: 3 }),
  },
  { name: 'finite poison, --audit 1', ...AUDITED, play: (target) => lie(target, growing(target)) },
  { name: 'NaN by two names', play: (target) => together(target, { gradient: fill(Number.NaN) }, 2) },
  {
    name: 'NaN by two names, --audit 1',
    ...AUDITED,
    play: (target) => together(target, { gradient: fill(Number.NaN), disguise: likeThem(target) }, 2),
  },
  {
    name: 'a new name after each quarantine',
    play: (target) => lie(target, { gradient: fill(Number.NaN) }, { times: 30 }),
  },
  {
    name: 'a liar, --audit 1, the honest profile',
    ...AUDITED,
    play: (target) => lie(target, { gradient: plausible, disguise: likeThem(target) }, { times: 3 }),
  },
  {
    name: 'a liar, --audit 1, a made-up profile',
    ...AUDITED,
    play: (target) => lie(target, { gradient: plausible }, { times: 3 }),
  },
  {
    name: 'two liars who agree, --audit 1',
    ...AUDITED,
    play: (target) => together(target, { gradient: fill(1e-5), disguise: likeThem(target) }, 2),
  },
  {
    name: 'a liar, --audit 1, who hangs up after the lie',
    ...AUDITED,
    play: (target) => lie(target, { gradient: plausible, disguise: likeThem(target), hangsUp: true }, { times: 10 }),
  },
  {
    name: 'leases, audits too, answered with smaller subtrees',
    ...AUDITED,
    play: (target) => lie(target, { gradient: plausible, disguise: likeThem(target), instead: smaller }, { times: 3 }),
  },
];

function growing(target: Target): Lie {
  return {
    gradient: (vector, turn) => void vector.fill(1e-3 * 500 ** Math.min(turn, 13)),
    disguise: likeThem(target),
  };
}
