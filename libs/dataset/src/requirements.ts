/** Whether a data set has what a task takes: said before anything is written or listened on. */
import type { BatchField } from '@gradcast/task';
import type { DatasetFacts } from './dataset.ts';
import { DatasetError } from './errors.ts';
import { imageShape, shapeText } from './shapes.ts';

const NUMBERS = { u8: 'bytes', f32: '32-bit floats' } as const;

/** @throws DatasetError `data-dtype`, `data-shape`, `data-unlabelled`, `data-classes`. */
export function assertSuits(
  { title, inputs, labels, classes }: Pick<DatasetFacts, 'title' | 'inputs' | 'labels' | 'classes'>,
  { name, fields }: { readonly name: string; readonly fields: readonly BatchField[] },
): void {
  for (const field of fields) {
    switch (field.source) {
      case 'image':
      case 'input': {
        if (inputs.dtype !== field.dtype) {
          const sentence = `${title} has ${NUMBERS[inputs.dtype]}, task ${name} takes ${NUMBERS[field.dtype]}`;
          throw new DatasetError('data-dtype', sentence);
        }
        const [has, takes] = [inputs.shape, field.shape].map((shape) => shapeText(imageShape(shape)));
        if (has !== takes) {
          const what = field.source === 'image' ? 'images' : 'inputs';
          throw new DatasetError('data-shape', `${title} has ${what} of ${has}, task ${name} takes ${takes}`);
        }
        break;
      }
      case 'label':
        if (!labels) throw new DatasetError('data-unlabelled', `${title} has no labels, which task ${name} takes`);
        if (classes > field.classes) {
          throw new DatasetError(
            'data-classes',
            `the labels of ${title} reach ${classes - 1}, task ${name} has ${field.classes} classes`,
          );
        }
        break;
      case 'noise':
        break;
      default:
        field satisfies never;
    }
  }
}
