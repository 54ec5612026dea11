import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { distance, knownModel, knownTasks, SAMPLES } from '../known-model.ts';
import { tfjsFiles } from './tfjs.ts';

/** The folder as a server would give it out. */
function serving(files: ReturnType<typeof tfjsFiles>): typeof fetch {
  return (path) => {
    const file = files.find(({ name }) => name === new Request(path).url.split('/').at(-1));
    const type = file?.name.endsWith('.json') ? 'application/json' : 'application/octet-stream';
    return Promise.resolve(
      file
        ? new Response(Buffer.from(file.bytes), { headers: { 'content-type': type } })
        : new Response(null, { status: 404 }),
    );
  };
}

describe.each(Object.keys(knownTasks))('the exported %s, in TensorFlow.js', (name) => {
  it('gives what the program gives', async () => {
    const { model, inputs, labels, outputs } = await knownModel(knownTasks[name]());
    const fetchFunc = serving(tfjsFiles(model));
    const loaded = await loadLayersModel(tf.io.http('http://models.test/model.json', { fetchFunc }));
    const given = tf.tensor(inputs, [SAMPLES, ...model.input.shape]);
    const told = tf.tensor(labels, [SAMPLES, 1]);
    const result = loaded.predict(model.labels ? [given, told] : given) as tf.Tensor;
    expect(result.shape).toEqual([SAMPLES, ...model.layers.at(-1)!.output]);
    expect(distance(await result.data(), outputs)).toBeLessThan(1e-5);
    loaded.dispose();
    tf.dispose([given, told, result]);
  });
});
