/**
 * safetensors: the layers' tensors by name, in this repository's shapes; what the layers are stands in the metadata as JSON, which
 * holds all that a reader needs to run them.
 */
import { encodeSafetensors } from '@gradcast/checkpoint';
import type { StoredTensor } from '@gradcast/checkpoint';
import type { ExportedModel } from '../exported-model.ts';
import { tensorsOf } from '../layer.ts';
import { describeLayer, metadataOf } from '../describe.ts';

/** The file's bytes, in pieces. */
export function safetensorsFile(model: ExportedModel): Uint8Array[] {
  const tensors = model.layers.flatMap(tensorsOf).map(({ name, shape, data }): [string, StoredTensor] => {
    return [name, { dtype: 'F32', shape, data }];
  });
  const metadata = {
    format: 'gradcast-model-1',
    ...metadataOf(model),
    layers: JSON.stringify(model.layers.map(describeLayer)),
  };
  return encodeSafetensors({ tensors: Object.fromEntries(tensors), metadata });
}
