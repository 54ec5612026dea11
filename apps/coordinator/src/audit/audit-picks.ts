/**
 * Which leaves of a run are audited: picked by a secret that is drawn once and stays in the run's folder, so that a run
 * that is taken up again picks the same, and nobody who sees leases, results and ledger can tell which.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Subtree } from '@gradcast/schedule';
import { CoordinatorError } from '../failure.ts';

const FILE = 'audit-secret';
const SECRET = /^[0-9a-f]{64}\n$/;

/** Results of newcomers are audited so many times as often, until they have proved themselves. */
export const NEWCOMER_FACTOR = 5;

/** Whether a leaf of a step is among a share of all, 0 to 1; those of a smaller share are among those of a larger one. */
export type LeafPicks = (step: number, leaf: number, share: number) => boolean;

/** Each leaf is picked on its own, with the probability `share`. @param secret hex. */
export function leafPicks(secret: string): LeafPicks {
  return (step, leaf, share) => {
    const digest = createHmac('sha256', secret).update(`${step}/${leaf}`).digest();
    return digest.readUInt32LE(0) < share * 2 ** 32;
  };
}

/** Whether a subtree of a step is audited; of a newcomer's, more are. */
export type AuditPicks = (step: number, subtree: Subtree, isNewcomer: boolean) => boolean;

/**
 * A leaf is picked with the probability `rate`, each on its own, so a subtree is audited with at least that. What is picked of
 * an established worker is picked of a newcomer as well.
 *
 * @param secret hex.
 */
export function auditPicks(secret: string, rate: number): AuditPicks {
  const isPicked = leafPicks(secret);
  return (step, { start, size }, isNewcomer) => {
    if (rate <= 0) return false;
    const share = Math.min(1, isNewcomer ? NEWCOMER_FACTOR * rate : rate);
    for (let leaf = start; leaf < start + size; leaf++) if (isPicked(step, leaf, share)) return true;
    return false;
  };
}

/**
 * The secret of a run, drawn at its first use and readable by this user alone.
 *
 * @throws CoordinatorError `audit-secret` if it can neither be read nor written, or is not one.
 */
export async function auditSecret(folder: string): Promise<string> {
  const path = join(folder, FILE);
  const fresh = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    const found = await readFile(path, 'latin1').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return undefined;
    });
    if (found === undefined) {
      const file = await open(fresh, 'wx', 0o600);
      const text = `${randomBytes(32).toString('hex')}\n`;
      await file.writeFile(text).then(() => file.sync());
      await file.close();
      // Appears whole or not at all.
      await link(fresh, path);
      return text.trim();
    }
    if (SECRET.test(found)) return found.trim();
  } catch (error) {
    throw new CoordinatorError('audit-secret', `${path}: ${(error as Error).message}`);
  } finally {
    await rm(fresh, { force: true });
  }
  throw new CoordinatorError('audit-secret', `${path} holds no secret`);
}
