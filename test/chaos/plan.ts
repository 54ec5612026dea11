/** What chaos does, in which order: the same for the same seed. */
import { Philox } from '@gradcast/random';

/** Each kind of disturbance and how often it comes, relative to the others. */
export const WEIGHTS = {
  'worker killed': 4,
  'worker stopped': 3,
  'worker told to leave': 2,
  'link slow': 2,
  'link dropped': 3,
  'link half open': 1,
  'coordinator killed': 2,
  'coordinator stopped': 1,
  'coordinator told to stop': 1,
} as const;

export type Kind = keyof typeof WEIGHTS;

export const ALL_KINDS = Object.keys(WEIGHTS) as Kind[];

export interface Turn {
  /** Milliseconds after the turn before. */
  readonly waitMs: number;
  readonly kind: Kind;
  /** Which of the parties that could be hit, in [0, 1). */
  readonly pick: number;
  /** How long a stop or a slow link lasts, and how long until a killed worker is started again, in milliseconds. */
  readonly lastsMs: number;
}

/** Mean milliseconds between two turns; each wait is uniform between nothing and twice as long. */
const MEAN_WAIT_MS = 5000;
const SHORTEST_MS = 300;
const LONGEST_MS = 5000;
/** Tells these random numbers from all others that a seed is used for. */
const STREAM = 0xc4a05;

/** Turns without end, of the kinds given. */
export function* turns(seed: number, kinds: readonly Kind[] = ALL_KINDS): Generator<Turn, never> {
  const philox = new Philox(seed, STREAM);
  for (let index = 0; ; index++) {
    const [wait, kind, pick, lasts] = [...philox.u32x4(index)].map((word) => word / 2 ** 32);
    yield {
      waitMs: 2 * MEAN_WAIT_MS * wait,
      kind: kindAt(kind, kinds),
      pick,
      lastsMs: SHORTEST_MS + (LONGEST_MS - SHORTEST_MS) * lasts,
    };
  }
}

/** The kind that owns a place in [0, 1), each as much of it as its weight says. */
function kindAt(place: number, kinds: readonly Kind[]): Kind {
  let left = place * kinds.reduce((sum, kind) => sum + WEIGHTS[kind], 0);
  for (const kind of kinds) {
    if (left < WEIGHTS[kind]) return kind;
    left -= WEIGHTS[kind];
  }
  return kinds[0];
}
