/** Ways to write the fields of a micro-batch down. */
import type { ImageField, InputField, LabelField, NoiseDistribution, NoiseField } from './field.ts';

export const fields = {
  /** Images of the data set, `[H, W, C]`; on the device from 0 to 1 (`unit`) or from -1 to 1 (`symmetric`). */
  images: (
    name: string,
    { shape, range = 'unit' }: { readonly shape: ImageField['shape']; readonly range?: ImageField['range'] },
  ): ImageField => ({ name, source: 'image', dtype: 'u8', shape, range }),
  /** Inputs of the data set that are 32-bit floats, of any shape. */
  inputs: (name: string, { shape }: { readonly shape: InputField['shape'] }): InputField => {
    return { name, source: 'input', dtype: 'f32', shape };
  },
  /** Labels of the data set, whole numbers below `classes`; `[m]` on the device. */
  labels: (name: string, { classes }: { readonly classes: number }): LabelField => {
    return { name, source: 'label', dtype: 'u8', shape: [], classes };
  },
  /** Random numbers, standard normal or uniform on [-1, 1), keyed by seed and position in the sample stream. */
  noise: (
    name: string,
    {
      shape,
      distribution = 'normal',
    }: { readonly shape: NoiseField['shape']; readonly distribution?: NoiseDistribution },
  ): NoiseField => ({ name, source: 'noise', dtype: 'f32', shape, distribution }),
} as const;
