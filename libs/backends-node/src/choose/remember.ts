/**
 * Remembers which probes succeeded on this machine, so that a start need not repeat them. Only success is kept: what
 * was missing may have been installed since.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { cpus, hostname, release } from 'node:os';
import { join } from 'node:path';
import { nativeKey } from '../native/cache.ts';
import { thisMachine, wheelsFor } from '../native/wheels.ts';
import type { ProbeReport } from './candidate.ts';
import { factsOf, type Candidate, type Prober } from './candidates.ts';
import type { GpuList } from './gpus.ts';

/** Everything whose change makes an old success worthless. */
function keyOf(candidate: Candidate, gpus: GpuList): string {
  const machine = thisMachine();
  let library = '';
  try {
    library = nativeKey(wheelsFor(machine, 'cpu'));
  } catch {
    // No native library for this platform; the other backends are keyed by what follows.
  }
  const facts = [candidate, process.version, machine, hostname(), release(), cpus()[0]?.model, library, gpus.gpus];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}

/** Wraps the probers of backends whose success rarely ends; a GPU's driver may vanish, so those are always tried. */
export function rememberingProber(probe: Prober, gpus: GpuList, cache: string): Prober {
  return async (candidate) => {
    if (factsOf(candidate).device === 'gpu') return probe(candidate);
    const path = join(cache, 'probes', `${candidate}-${keyOf(candidate, gpus)}.json`);
    try {
      return JSON.parse(await readFile(path, 'utf8')) as ProbeReport;
    } catch {
      const report = await probe(candidate);
      if (report.ok) await keep(path, report);
      return report;
    }
  };
}

/** A cache that cannot be written costs the next start a second, nothing more. */
async function keep(path: string, report: ProbeReport): Promise<void> {
  const scratch = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(scratch, JSON.stringify(report));
    await rename(scratch, path);
  } catch {
    // Read-only or full.
  }
}
