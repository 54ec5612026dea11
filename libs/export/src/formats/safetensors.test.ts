import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distance, knownModel, knownTasks, SAMPLES } from '../known-model.ts';
import { pythonHas, runPython } from '../python.ts';
import { safetensorsFile } from './safetensors.ts';

/** The network in numpy, from nothing but the file: names, shapes, and the layers that its metadata list. */
const RUN = `
import json, sys, numpy as np
from safetensors import safe_open
file = safe_open(sys.argv[1], "numpy")
about = file.metadata()
assert about["format"] == "gradcast-model-1", about
layers = json.loads(about["layers"])
x, labels = np.split(np.frombuffer(sys.stdin.buffer.read(), "<f4"), [-int(sys.argv[2])])
x = x.reshape([-1] + json.loads(about["input"])["shape"]).astype(np.float64)
labels = labels.astype(int)
assert not labels.any() or labels.max() < json.loads(about["labels"])["classes"]

def padding(large, layer):
    if layer["padding"] == "valid": return 0
    k, s = layer["size"], layer["stride"]
    return max(0, (-(-large // s) - 1) * s + k - large) // 2

def taps(layer, large, small):
    k, s = layer["size"], layer["stride"]
    top, left = padding(large[0], layer), padding(large[1], layer)
    for row in range(small[0]):
        for column in range(small[1]):
            for i in range(k):
                for j in range(k):
                    y, x = row * s - top + i, column * s - left + j
                    if 0 <= y < large[0] and 0 <= x < large[1]: yield y, x, row, column, i, j

used = set()
for layer in layers:
    kind, name = layer["kind"], layer["name"]
    def tensor(part):
        used.add(name + "/" + part)
        return file.get_tensor(name + "/" + part).astype(np.float64)
    if kind == "dense": x = x @ tensor("kernel") + tensor("bias")
    elif kind in ("conv", "conv_transpose"):
        kernel = tensor("kernel")
        y = np.zeros([len(x)] + layer["output"]) + tensor("bias")
        if kind == "conv":
            for a, b, row, column, i, j in taps(layer, layer["input"], layer["output"]):
                y[:, row, column] += x[:, a, b] @ kernel[i, j]
        else:
            for a, b, row, column, i, j in taps(layer, layer["output"], layer["input"]):
                y[:, a, b] += x[:, row, column] @ kernel[i, j].T
        x = y
    elif kind == "scale_shift": x = x * tensor("scale") + tensor("shift")
    elif kind == "class_scale_shift":
        rows = [tensor(part)[labels].reshape([len(x)] + [1] * (x.ndim - 2) + [-1]) for part in ("scale", "shift")]
        x = x * rows[0] + rows[1]
    elif kind == "activation":
        a = layer["activation"]
        x = (np.tanh(x) if a == "tanh" else 1 / (1 + np.exp(-x)) if a == "sigmoid"
             else np.where(x < 0, layer["slope"] * x, x))
    elif kind == "average_pool":
        h, w, c = layer["output"]
        s = layer["size"]
        x = x[:, :h * s, :w * s].reshape(-1, h, s, w, s, c).mean(axis=(2, 4))
    elif kind == "resize": x = x.repeat(layer["factor"], 1).repeat(layer["factor"], 2)
    elif kind == "reshape": x = x.reshape([-1] + layer["output"])
    else: raise AssertionError(kind)
assert used == set(file.keys()), used ^ set(file.keys())
sys.stdout.buffer.write(x.astype("<f4").tobytes())
`;

const isThere = pythonHas('numpy', 'safetensors');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-exported-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(Object.keys(knownTasks))('the exported %s, read by safetensors in Python', (name) => {
  it.skipIf(!isThere)('says all that is needed to compute what the program computes', async () => {
    const { model, inputs, labels, outputs } = await knownModel(knownTasks[name]());
    const path = join(folder, `${name}.safetensors`);
    await writeFile(path, safetensorsFile(model));
    const given = Float32Array.of(...inputs, ...labels);
    expect(distance(runPython(RUN, [path, String(SAMPLES)], given), outputs)).toBeLessThan(1e-5);
  });
});
