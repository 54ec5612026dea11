/** All attacks, by family. */
import { claims } from './claims.ts';
import { doors } from './doors.ts';
import { frames } from './frames.ts';
import { results } from './results.ts';
import type { Attack } from './target.ts';
import { volunteers } from './volunteers.ts';

export const catalogue: readonly Attack[] = [...frames, ...doors, ...claims, ...results, ...volunteers];

/** @throws Error if there is none of that name. */
export function attackNamed(name: string): Attack {
  const found = catalogue.find((attack) => attack.name === name);
  if (!found) throw new Error(`there is no attack "${name}"`);
  return found;
}
