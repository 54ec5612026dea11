/**
 * Writes down which TensorFlow ops run. Every kernel, ours or tfjs-node's own, ends in a call of the binding, so one
 * place sees them all with their attributes; nothing about an op has to be said twice.
 */
import type { Binding, OpAttribute, TensorMetadata, TensorValues } from './binding.ts';
import type { AttributeValue, GraphNode } from './graph-def.ts';

export interface Leaf {
  readonly from: 'inputs' | 'outputs';
  readonly place: number;
}

/** What ran, as a graph. */
export interface Recording {
  readonly nodes: readonly GraphNode[];
  /** Name of a placeholder for each input, in order. */
  readonly inputs: readonly string[];
  /** Names of what was computed, each once. */
  readonly outputs: readonly string[];
  /** What each returned tensor is: the input or the output at that place. */
  readonly leaves: readonly Leaf[];
}

/** A binding that can be listened to. */
export class Recorder {
  /** Computes as the given one does. */
  readonly binding: Binding;
  #tape: Tape | undefined;

  constructor(binding: Binding) {
    const executeOp: Binding['executeOp'] = (op, attributes, inputs, count) => {
      const outputs = binding.executeOp(op, attributes, inputs, count);
      this.#tape?.add(op, attributes, inputs, outputs);
      return outputs;
    };
    const createTensor: Binding['createTensor'] = (shape, dtype, values) => {
      const id = binding.createTensor(shape, dtype, values);
      this.#tape?.addConstant({ id, shape, dtype }, values);
      return id;
    };
    this.binding = Object.create(binding, {
      executeOp: { value: executeOp },
      createTensor: { value: createTensor },
    }) as Binding;
  }

  /**
   * Runs `body`, which may use no other tensors than the inputs and those it makes. Values that it takes from the host
   * become constants.
   *
   * @param body returns its outputs' ids.
   * @throws Error if the body uses a tensor that it was not given.
   */
  record(inputs: readonly TensorMetadata[], body: () => readonly number[]): Recording {
    if (this.#tape) throw new Error('a recording cannot be part of another');
    const tape = new Tape(this.binding, inputs);
    this.#tape = tape;
    try {
      return tape.finish(body());
    } finally {
      this.#tape = undefined;
    }
  }
}

class Tape {
  readonly #binding: Binding;
  readonly #inputs: readonly TensorMetadata[];
  readonly #nodes: GraphNode[] = [];
  /** What computes a tensor, by the tensor's id; ids are never used again. */
  readonly #sources = new Map<number, string>();
  readonly #types = new Map<number, number>();

  constructor(binding: Binding, inputs: readonly TensorMetadata[]) {
    this.#binding = binding;
    this.#inputs = inputs;
    for (const input of inputs) {
      this.#push('Placeholder', [], { dtype: { type: input.dtype }, shape: { shape: input.shape } }, [input]);
    }
  }

  add(
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: readonly TensorMetadata[],
  ): void {
    const values = Object.fromEntries(attributes.map((attribute) => [attribute.name, this.#value(attribute)]));
    const sources = inputs.map((id) => this.#source(id));
    this.#push(op, sources, values, outputs);
  }

  addConstant(tensor: TensorMetadata, values: TensorValues): void {
    const { shape, dtype } = tensor;
    const content = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
    this.#push('Const', [], { dtype: { type: dtype }, value: { tensor: { type: dtype, shape, content } } }, [tensor]);
  }

  finish(returned: readonly number[]): Recording {
    const inputs = this.#inputs.map(({ id }) => id);
    const computed = [...new Set(returned)].filter((id) => !inputs.includes(id));
    const sources = computed.map((id) => this.#source(id));
    // Optimizers may merge any node into another, but not one that is asked for by its name: an Identity has no other use.
    const outputs = sources.map((source, place) => {
      const name = `output_${place}`;
      this.#nodes.push({
        name,
        op: 'Identity',
        inputs: [source],
        attributes: { T: { type: this.#types.get(computed[place])! } },
      });
      return `${name}:0`;
    });
    return {
      nodes: this.#nodes,
      inputs: inputs.map((id) => this.#source(id)),
      outputs,
      leaves: returned.map((id) =>
        inputs.includes(id)
          ? { from: 'inputs', place: inputs.indexOf(id) }
          : { from: 'outputs', place: computed.indexOf(id) },
      ),
    };
  }

  #push(
    op: string,
    inputs: readonly string[],
    attributes: GraphNode['attributes'],
    outputs: readonly TensorMetadata[],
  ): void {
    const name = `${op}_${this.#nodes.length}`;
    this.#nodes.push({ name, op, inputs, attributes });
    outputs.forEach(({ id, dtype }, place) => {
      this.#sources.set(id, `${name}:${place}`);
      this.#types.set(id, dtype);
    });
  }

  #source(id: number): string {
    const source = this.#sources.get(id);
    if (source === undefined) throw new Error('a recorded function used a tensor that it was not given');
    return source;
  }

  #value({ name, type, value }: OpAttribute): AttributeValue {
    const { TF_ATTR_BOOL, TF_ATTR_FLOAT, TF_ATTR_INT, TF_ATTR_STRING, TF_ATTR_TYPE } = this.#binding;
    switch (type) {
      case TF_ATTR_BOOL:
        return { bool: value as boolean | boolean[] };
      case TF_ATTR_FLOAT:
        return { float: value as number | number[] };
      case TF_ATTR_INT:
        return { int: value as number | number[] };
      case TF_ATTR_STRING:
        return { string: value as string };
      case TF_ATTR_TYPE:
        return { type: value as number };
      default:
        throw new Error(`attribute ${name} is of a kind (${type}) that no recorded op has had`);
    }
  }
}
