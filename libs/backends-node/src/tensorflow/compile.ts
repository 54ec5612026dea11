/**
 * Functions of tensors as TensorFlow graphs. The first call with new shapes runs the function op by op and records it;
 * every call, the first one too, is one session call of what was recorded, so that all results come from the graph.
 *
 * Tensors pass between tfjs and a session without a copy: both count references to one buffer in the processor's memory.
 * A session computes in the calling thread (`environment.ts`), so a buffer shared with JavaScript is freed there, too.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Compile, TensorTree } from '@gradcast/network';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Binding, NodeBackend } from './binding.ts';
import { GRAPH_TAG, savedModel } from './graph-def.ts';
import type { GraphNode } from './graph-def.ts';
import type { Recorder, Recording } from './recorder.ts';
import { leaves, mapLeaves } from './tensor-tree.ts';

/** A loaded graph and how its outputs are put together. */
interface Graph {
  run(inputs: readonly Tensor[]): TensorTree;
  dispose(): void;
}

/** Compiles for a backend whose binding is the recorder's. */
export function graphCompiler(backend: NodeBackend, recorder: Recorder): Compile {
  return (body) => {
    const graphs = new Map<string, Graph>();
    return {
      run: (tensors) => {
        const { inputs, key } = inputsOf(tensors);
        let graph = graphs.get(key);
        if (!graph) graphs.set(key, (graph = record({ backend, recorder, inputs, body: () => body(tensors) })));
        return graph.run(inputs) as ReturnType<typeof body>;
      },
      dispose: () => {
        for (const graph of graphs.values()) graph.dispose();
        graphs.clear();
      },
    };
  };
}

/** A function's tensors, each once, and what a graph depends on: their shapes and which of them are the same. */
function inputsOf(tensors: TensorTree): { inputs: Tensor[]; key: string } {
  const places = new Map<object, number>();
  const inputs: Tensor[] = [];
  const key = leaves(tensors).map((leaf) => {
    const known = places.get(leaf.dataId);
    if (known !== undefined) return `=${known}`;
    places.set(leaf.dataId, inputs.push(leaf) - 1);
    return leaf.shape.join('x');
  });
  return { inputs, key: key.join() };
}

interface RecordOptions {
  readonly backend: NodeBackend;
  readonly recorder: Recorder;
  readonly inputs: readonly Tensor[];
  readonly body: () => TensorTree;
}

function record({ backend, recorder, inputs, body }: RecordOptions): Graph {
  const given = backend.getInputTensorIds([...inputs]).map((id, place) => {
    const { shape, dtype } = inputs[place];
    return { id, shape, dtype: backend.getDTypeInteger(dtype) };
  });
  // Only the form of the result is kept; its tensors are those of the session calls to come.
  let result: TensorTree = {};
  const recording = recordAndFree();
  const model = load(backend.binding, recording.nodes);
  const fed = recording.inputs.join();
  const fetched = recording.outputs.join();
  return {
    run: (tensors) => {
      const ids = backend.getInputTensorIds([...tensors]);
      const results = backend.binding.runSavedModel(model, ids, fed, fetched);
      const outputs = results.map((metadata) => backend.createOutputTensor(metadata));
      return mapLeaves(result, (_, place) => {
        const leaf = recording.leaves[place];
        return leaf.from === 'outputs' ? outputs[leaf.place] : tf.clone(tensors[leaf.place]);
      });
    },
    dispose: () => backend.binding.deleteSavedModel(model),
  };

  function recordAndFree(): Recording {
    try {
      return recorder.record(given, () => {
        result = tf.tidy(body);
        return backend.getInputTensorIds(leaves(result));
      });
    } finally {
      tf.dispose(leaves(result));
    }
  }
}

/** TensorFlow reads a SavedModel from a folder only; it is gone when this returns. */
function load(binding: Binding, nodes: readonly GraphNode[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'gradcast-graph-'));
  try {
    writeFileSync(join(folder, 'saved_model.pb'), savedModel(nodes));
    return binding.loadSavedModel(folder, GRAPH_TAG);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
