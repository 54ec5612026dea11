import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distance, knownModel, knownTasks, SAMPLES } from '../known-model.ts';
import { pythonHas, runPython } from '../python.ts';
import { onnxFile } from './onnx.ts';

/** Runs a model on all samples at once, and checks that the graph says of its ends what is true. */
const RUN = `
import sys, numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
(given, *told), (result,) = session.get_inputs(), session.get_outputs()
assert given.shape[0] == "N" and given.type == "tensor(float)", (given.shape, given.type)
numbers = numpy.frombuffer(sys.stdin.buffer.read(), "<f4")
x, labels = numpy.split(numbers, [-int(sys.argv[3])])
feed = {given.name: x.reshape([-1] + given.shape[1:])}
for labelled in told:
    assert labelled.type == "tensor(int64)" and labelled.shape == ["N"], (labelled.shape, labelled.type)
    feed[labelled.name] = labels.astype("int64")
y = session.run([result.name], feed)[0]
assert list(y.shape[1:]) == result.shape[1:], (y.shape, result.shape)
assert session.get_modelmeta().custom_metadata_map["task"] == sys.argv[2]
sys.stdout.buffer.write(y.astype("<f4").tobytes())
`;

const isThere = pythonHas('numpy', 'onnxruntime');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-onnx-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(Object.keys(knownTasks))('the exported %s, in onnxruntime', (name) => {
  it.skipIf(!isThere)('gives what the program gives', async () => {
    const { model, inputs, labels, outputs } = await knownModel(knownTasks[name]());
    const path = join(folder, `${name}.onnx`);
    await writeFile(path, onnxFile(model));
    const given = Float32Array.of(...inputs, ...labels);
    expect(distance(runPython(RUN, [path, model.name, String(SAMPLES)], given), outputs)).toBeLessThan(1e-5);
  });
});
