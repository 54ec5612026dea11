/**
 * TensorFlow.js: a `LayersModel` as `model.json` and `weights.bin`, which `tf.loadLayersModel` reads. Layers are Keras' own, so its
 * `same` padding is this repository's. A model that is told of classes has two inputs, and a table of rows as an embedding.
 *
 * Source: `ModelJSON` in tensorflow/tfjs, tfjs-core/src/io/types.ts, and the serialized forms in tfjs-layers/src/keras_format.
 */
import type { ExportedModel } from '../exported-model.ts';
import type { ExportedLayer } from '../layer.ts';
import { bytesOf } from './bytes.ts';
import { describeModel } from '../describe.ts';
import { kerasLayers } from './keras-layers.ts';
import type { KerasLayer } from './keras-layers.ts';

const WEIGHTS = 'weights.bin';

/** Both files, whose names belong together. */
export function tfjsFiles(model: ExportedModel): { readonly name: string; readonly bytes: Uint8Array }[] {
  const { input, labels } = model;
  const inputs = [inputLayer(input.name, input.shape), ...(labels ? [inputLayer(labels.name, [1])] : [])];
  const layers = [...inputs];
  for (const layer of model.layers) layers.push(...kerasLayers(layer, { from: namesOf(layers, model, layer) }));
  const tensors = layers.flatMap(({ weights }) => weights);
  const json = {
    format: 'layers-model',
    generatedBy: 'gradcast',
    convertedBy: null,
    modelTopology: {
      class_name: 'Model',
      config: {
        name: model.name,
        layers: layers.map(layerJson),
        input_layers: inputs.map(({ name }) => [name, 0, 0]),
        output_layers: [[layers[layers.length - 1].name, 0, 0]],
      },
      keras_version: 'tfjs-layers 4.22.0',
      backend: 'tensor_flow.js',
    },
    weightsManifest: [
      { paths: [WEIGHTS], weights: tensors.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })) },
    ],
    userDefinedMetadata: describeModel(model),
  };
  return [
    { name: 'model.json', bytes: new TextEncoder().encode(`${JSON.stringify(json, undefined, 2)}\n`) },
    { name: WEIGHTS, bytes: Buffer.concat(tensors.map(bytesOf)) },
  ];
}

function inputLayer(name: string, shape: readonly number[]): KerasLayer {
  return {
    name,
    className: 'InputLayer',
    config: { batch_input_shape: [null, ...shape], dtype: 'float32', sparse: false },
    from: [],
    weights: [],
  };
}

/** What a layer takes: what comes before it, and the labels if it is told of classes. */
function namesOf(
  before: readonly KerasLayer[],
  { input, labels, layers }: ExportedModel,
  layer: ExportedLayer,
): string[] {
  const previous = layer === layers[0] ? input.name : before[before.length - 1].name;
  return layer.kind === 'class_scale_shift' ? [previous, labels!.name] : [previous];
}

function layerJson({ name, className, config, from }: KerasLayer) {
  const inbound = from.length === 0 ? [] : [from.map((source) => [source, 0, 0, {}])];
  return { name, class_name: className, config: { ...config, name, trainable: true }, inbound_nodes: inbound };
}
