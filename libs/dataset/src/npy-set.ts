/** A data set of NumPy's arrays: `images.npy` or `data.npy` with `labels.npy`, or the same names behind `train-` and `test-`. */
import { join } from 'node:path';
import { DatasetError } from './errors.ts';
import { onlyOne } from './folder.ts';
import type { Kind, Split } from './kind.ts';
import { openNpyInputs, openNpyLabels } from './npy-file.ts';

/** Names of the inputs of a half, with what stands before them. */
function inputNames(split: Split): string[] {
  const prefixes = split === 'train' ? ['', 'train-'] : ['test-'];
  return prefixes.flatMap((prefix) => [`${prefix}images.npy`, `${prefix}data.npy`]);
}

const ALL_NAMES = [...inputNames('train'), ...inputNames('test')];

export const npyKind: Kind = {
  title: '.npy files',
  fits: ({ files }) => ALL_NAMES.some((name) => files.includes(name)),
  async open({ path: folder, files }, split) {
    const found = inputNames(split).filter((name) => files.includes(name));
    const name = onlyOne(folder, found, `${split} samples`);
    if (name === undefined) {
      const wanted = split === 'train' ? 'images.npy' : 'test-images.npy';
      throw new DatasetError('data-missing', `the data folder ${folder} has no ${wanted}`);
    }
    const labelsName = name.replace(/(images|data)\.npy$/, 'labels.npy');
    const inputs = await openNpyInputs(join(folder, name), folder);
    try {
      const labels = files.includes(labelsName) ? await openNpyLabels(join(folder, labelsName), folder) : undefined;
      return { inputs, labels, classNames: undefined };
    } catch (error) {
      await inputs.close();
      throw error;
    }
  },
};
