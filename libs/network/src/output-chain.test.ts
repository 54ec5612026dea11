import * as tf from '@tensorflow/tfjs-core';
import { fields } from '@gradcast/task';
import { describe, expect, it } from 'vitest';
import { layers } from './layer-spec.ts';
import { traceChain } from './output-chain.ts';
import type { TraceOptions } from './output-chain.ts';

const [images, noise] = [fields.images('images', { shape: [4, 4, 1] }), fields.noise('noise', { shape: [3] })];
const labels = fields.labels('labels', { classes: 3 });
const encoder = { name: 'encoder', input: [4, 4, 1], layers: [layers.reshape([16]), layers.dense(3)] };
const decoder = { name: 'decoder', input: [3], layers: [layers.dense(16), layers.reshape([4, 4, 1])] };

const trace = (infer: TraceOptions['infer']) =>
  traceChain({ inputs: [images, noise, labels], networks: [encoder, decoder], infer });

describe('traceChain', () => {
  it('follows one input through the networks that it passes', () => {
    expect(trace(({ inputs, networks }) => networks.decoder(inputs['noise']))).toEqual({
      input: noise,
      labels: undefined,
      networks: [decoder],
    });
    expect(trace(({ inputs, networks }) => networks.decoder(inputs['noise'], { labels: inputs['labels'] }))).toEqual({
      input: noise,
      labels,
      networks: [decoder],
    });
    expect(
      trace(({ inputs, networks: { encoder: first, decoder: second } }) => second(first(inputs['images']))),
    ).toEqual({ input: images, labels: undefined, networks: [encoder, decoder] });
  });

  it('finds none where anything else is done with a tensor', () => {
    expect(trace(({ inputs, networks }) => networks.decoder(tf.mul(inputs['noise'] as tf.Tensor, 2)))).toBeUndefined();
    expect(trace(({ inputs, networks }) => tf.tanh(networks.decoder(inputs['noise']) as tf.Tensor))).toBeUndefined();
    expect(trace(({ inputs }) => (inputs['noise'] as tf.Tensor).shape[0])).toBeUndefined();
    expect(
      trace(({ inputs, networks }) => networks.decoder(inputs['noise'], { labels: inputs['images'] })),
    ).toBeUndefined();
    expect(trace(({ networks }) => networks.decoder(tf.zeros([1, 3])))).toBeUndefined();
  });
});
