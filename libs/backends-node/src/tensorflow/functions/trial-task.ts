/** A step with the operations of the presets, on which a device shows how it runs functions. Nothing is trained by it. */
import { defineTask, layers, partOf, StepGraphBuilder } from '@gradcast/network';
import type { StepGraph, Trainable } from '@gradcast/network';
import { fields } from '@gradcast/task';

const { batchNorm, conv, convTranspose, dense, leakyRelu, reshape } = layers;
const CLASSES = 10;

/** @param width channels of its first layer; 64 are those of `tutorial`. */
export function trialTask(width: number): Trainable & Required<Pick<Trainable, 'stepGraph'>> {
  const images = fields.images('images', { shape: [28, 28, 1] });
  const labels = fields.labels('labels', { classes: CLASSES });
  return defineTask({
    name: 'trial',
    fields: [images, labels],
    networks: {
      trial: {
        input: images.shape,
        layers: [
          conv(width, 5, { stride: 2 }),
          leakyRelu(0.3),
          conv(2 * width, 5, { stride: 2 }),
          batchNorm(),
          leakyRelu(0.3),
          convTranspose(width, 5, { stride: 2, bias: false }),
          batchNorm(),
          leakyRelu(0.3),
          reshape([14 * 14 * width]),
          dense(CLASSES),
        ],
      },
    },
    batchNorm: { epsilon: 1e-3, momentum: 0.99 },
    optimizer: { learningRate: 1e-3 },
    microBatch: 64,
    defaultSteps: 1,
    scalars: { loss: {}, accuracy: {} },
    step: () => Promise.reject(new Error('a trial is run as a function')),
    stepGraph: trialGraph,
  }) as Trainable & Required<Pick<Trainable, 'stepGraph'>>;
}

function trialGraph(samples: number): Omit<StepGraph, 'networks'> {
  const graph = new StepGraphBuilder();
  const scores = graph.add({ op: 'forward', network: 'trial', of: graph.field('images') });
  const loss = graph.add({ op: 'softmax-loss', scores, labels: graph.field('labels') });
  graph.add({ op: 'backward', of: scores, seed: partOf(loss, 'seed'), parameters: true });
  const scalars = { loss: partOf(loss, 'loss'), accuracy: partOf(loss, 'accuracy') };
  return { samples, nodes: graph.nodes, scalars };
}
