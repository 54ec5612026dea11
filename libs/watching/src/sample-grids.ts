/** The sample grids of a run: `samples/step-000400.png` and the like. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface SampleGrid {
  readonly step: number;
  readonly path: string;
}

/** All that there are, by step. */
export async function sampleGrids(run: string): Promise<SampleGrid[]> {
  const folder = join(run, 'samples');
  const grids = (await readdir(folder).catch(() => [])).flatMap((name): SampleGrid[] => {
    const step = /^step-(\d{1,15})\.png$/.exec(name)?.[1];
    return step === undefined ? [] : [{ step: Number(step), path: join(folder, name) }];
  });
  return grids.sort((a, b) => a.step - b.step);
}

export async function newestGrid(run: string): Promise<SampleGrid | undefined> {
  return (await sampleGrids(run)).at(-1);
}
