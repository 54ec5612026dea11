/**
 * A task of your own: an autoencoder that squeezes an image through eight numbers.
 *
 *     npx gradcast train --task examples/autoencoder.ts
 */
import { defineTask, fields, layers, meanSquaredError } from 'gradcast';

const { conv, convTranspose, dense, relu, reshape, sigmoid } = layers;
const images = fields.images('images', { shape: [28, 28, 1], range: 'unit' });

export default defineTask({
  name: 'autoencoder',
  description: 'squeezes an image through eight numbers and draws it again',
  fields: [images],
  networks: {
    encoder: {
      input: [28, 28, 1],
      layers: [conv(16, 4, { stride: 2 }), relu(), conv(32, 4, { stride: 2 }), relu(), reshape([7 * 7 * 32]), dense(8)],
    },
    decoder: {
      input: [8],
      layers: [
        dense(7 * 7 * 32),
        relu(),
        reshape([7, 7, 32]),
        convTranspose(16, 4, { stride: 2 }),
        relu(),
        convTranspose(1, 4, { stride: 2 }),
        sigmoid(),
      ],
    },
  },
  optimizer: { learningRate: 1e-3 },
  microBatch: 32,
  defaultSteps: 1000,
  scalars: { loss: { low: 0 } },
  // One micro-batch: forward, loss, backward. Gradients are explicit, so the order of the passes is yours.
  async step({ fields: { images: pixels }, networks: { encoder, decoder } }) {
    const code = encoder.forward(pixels);
    const drawn = decoder.forward(code);
    const { loss, seed } = await meanSquaredError(drawn, pixels);
    encoder.backward(code, decoder.backward(drawn, seed, { input: true }));
    return { loss };
  },
  output: {
    inputs: [images],
    values: { kind: 'image', shape: [28, 28, 1], range: 'unit' },
    infer: ({ inputs, networks: { encoder, decoder } }) => decoder(encoder(inputs.images)),
  },
});
