/**
 * From a step's graph to its plan.
 *
 * What stands side by side is written side by side: a pass forward writes its output into the concatenation that it is part of. A
 * gradient that only goes on to be scaled, or through the activation of the network below, meets that where it is computed.
 */
import type { GanLossNode, GraphValue, StepGraph, StepNode } from '@gradcast/network';
import type { Task } from '@gradcast/task';
import { sizeOf } from '@gradcast/tensors';
import { PlanBuilder, outputOf } from './builder.ts';
import type { PlanOptions } from './builder.ts';
import type { Pointwise, Ref } from './launch.ts';
import { NetworkPasses } from './passes.ts';
import type { PassTrace } from './passes.ts';
import type { Plan } from './plan.ts';
import { PlanError } from './plan-error.ts';

/** What of a task a plan needs. */
export type PlannedTask = Pick<Task, 'name' | 'fields' | 'parameters' | 'tail'>;

/**
 * @throws PlanError `plan-unsupported` if a node or a layer has no launches, `plan-too-large` if a value has no place.
 */
export function compileStep(task: PlannedTask, graph: StepGraph, options: PlanOptions = {}): Plan {
  const plan = new StepCompiler(task, graph, options).compile();
  if (!graph.otherwise) return plan;
  return { ...plan, otherwise: compileStep(task, graph.otherwise, options) };
}

interface Extent {
  readonly rows: number;
  /** Elements of a row. */
  readonly size: number;
}

type NodeOf<Op extends StepNode['op']> = Extract<StepNode, { op: Op }>;

class StepCompiler {
  readonly #task: PlannedTask;
  readonly #graph: StepGraph;
  readonly #builder: PlanBuilder;
  readonly #networks: ReadonlyMap<string, NetworkPasses>;
  /** By node and part. */
  readonly #refs = new Map<string, Ref>();
  readonly #labels = new Map<number, Ref>();
  readonly #extents: Extent[] = [];
  readonly #traces = new Map<number, PassTrace>();
  /** Nodes whose work is done where what they work on is made. */
  readonly #fused = new Set<number>();
  readonly #pastActivation = new Set<number>();
  /** Part of a concatenation: that node, and rows before the part. */
  readonly #placed = new Map<number, { readonly node: number; readonly rows: number }>();

  constructor(task: PlannedTask, graph: StepGraph, options: PlanOptions) {
    this.#task = task;
    this.#graph = graph;
    const { samples } = graph;
    this.#builder = new PlanBuilder({ ...options, name: task.name, samples, task, tail: task.tail, hasGradient: true });
    this.#networks = new Map(
      graph.networks.map((network) => [network.name, new NetworkPasses(this.#builder, network)]),
    );
    for (const node of graph.nodes) this.#extents.push(this.#extentOf(node));
    this.#place();
  }

  compile(): Plan {
    const { nodes, flag } = this.#graph;
    for (const [index, node] of nodes.entries()) this.#lower(index, node);
    this.#constants();
    const plan = this.#builder.build();
    return flag ? { ...plan, flagAt: this.#builder.flag().at } : plan;
  }

  #extentOf(node: StepNode): Extent {
    const { samples } = this.#graph;
    const extent = ({ node: index }: GraphValue) => this.#extents[index];
    switch (node.op) {
      case 'field':
        return { rows: samples, size: sizeOf(this.#fieldOf(node).shape) };
      case 'rows':
        return { rows: node.count, size: extent(node.of).size };
      case 'concat':
        return { rows: node.of.reduce((sum, part) => sum + extent(part).rows, 0), size: extent(node.of[0]).size };
      case 'disturb':
        return { rows: node.samples, size: extent(node.of).size };
      case 'forward':
        return { rows: extent(node.of).rows, size: this.#network(node.network).outputSize };
      case 'backward': {
        const forward = this.#nodeAt(node.of, 'forward');
        const { rows, size } = extent(forward.of);
        return { rows: rows - (node.inputFrom ?? 0), size };
      }
      case 'scale':
        return extent(node.of);
      case 'gan-loss':
      case 'softmax-loss':
      case 'sum-of-norms':
        return { rows: 1, size: 1 };
      default:
        return node satisfies never;
    }
  }

  #fieldOf({ field }: NodeOf<'field'>) {
    const found = this.#task.fields.find(({ name }) => name === field);
    if (!found) throw new PlanError('plan-unsupported', `task ${this.#task.name} has no field ${field}`);
    return found;
  }

  #network(name: string): NetworkPasses {
    const found = this.#networks.get(name);
    if (!found) throw new PlanError('plan-unsupported', `task ${this.#task.name} has no network ${name}`);
    return found;
  }

  #nodeAt<Op extends StepNode['op']>({ node }: GraphValue, op: Op): NodeOf<Op> {
    const found = this.#graph.nodes[node];
    if (found.op !== op) throw new PlanError('plan-unsupported', `a ${found.op} stands where a ${op} belongs`);
    return found as NodeOf<Op>;
  }

  #isLabels({ node: index }: GraphValue): boolean {
    const node = this.#graph.nodes[index];
    if (node.op === 'field') return this.#fieldOf(node).source === 'label';
    if (node.op === 'rows') return this.#isLabels(node.of);
    return node.op === 'concat' && node.of.every((part) => this.#isLabels(part));
  }

  /** Gives each part of a concatenation its place in it, if it makes a value of its own and is part of no other. */
  #place(): void {
    const { nodes } = this.#graph;
    for (const [index, node] of nodes.entries()) {
      if (node.op !== 'concat' || this.#isLabels({ node: index, part: 'out' })) continue;
      let rows = 0;
      for (const { node: part } of node.of) {
        const made = nodes[part];
        const makesValue =
          made.op === 'forward' ||
          made.op === 'disturb' ||
          (made.op === 'field' && this.#fieldOf(made).source === 'image');
        if (makesValue && !this.#placed.has(part)) this.#placed.set(part, { node: index, rows });
        rows += this.#extents[part].rows;
      }
    }
  }

  /** The value of a concatenation, which its first part makes. */
  #concatenation(index: number): Ref {
    const key = keyOf({ node: index, part: 'out' });
    const found = this.#refs.get(key);
    if (found) return found;
    const { rows, size } = this.#extents[index];
    const made = this.#builder.value('side by side', rows * size);
    this.#refs.set(key, made);
    return made;
  }

  /** Where a node's output goes. */
  #target(index: number, name: string): Ref {
    const place = this.#placed.get(index);
    const { rows, size } = this.#extents[index];
    if (!place) return this.#builder.value(name, rows * size);
    const whole = this.#concatenation(place.node);
    return { value: whole.value, at: whole.at + place.rows * size };
  }

  #ref(value: GraphValue): Ref {
    const found = this.#refs.get(keyOf(value));
    if (found) return found;
    const { op } = this.#graph.nodes[value.node];
    throw new PlanError('plan-unsupported', `a ${op} does not give ${value.part}`);
  }

  #set(node: number, ref: Ref, part = 'out'): void {
    this.#refs.set(keyOf({ node, part }), ref);
  }

  /** Labels as numbers. */
  #labelsOf(value: GraphValue | undefined): Ref | undefined {
    if (!value) return undefined;
    const known = this.#labels.get(value.node);
    if (known) return known;
    const { field, segments } = this.#labelSegments(value);
    const rows = segments.reduce((sum, count) => sum + count, 0);
    const out = this.#builder.value('labels', rows);
    this.#builder.map({
      name: 'labels',
      source: { kind: 'labels', bytes: this.#builder.field(field), segments },
      shape: outputOf(rows, 1, 1),
      steps: [],
      out,
    });
    this.#labels.set(value.node, out);
    return out;
  }

  #labelSegments(value: GraphValue): { field: string; segments: number[] } {
    const node = this.#graph.nodes[value.node];
    if (node.op === 'field') return { field: node.field, segments: [this.#graph.samples] };
    if (node.op === 'rows' && node.from === 0) {
      return { field: this.#labelSegments(node.of).field, segments: [node.count] };
    }
    if (node.op !== 'concat') throw new PlanError('plan-unsupported', `labels come from a ${node.op}`);
    const parts = node.of.map((part) => this.#labelSegments(part));
    return { field: parts[0].field, segments: parts.flatMap(({ segments }) => segments) };
  }

  #lower(index: number, node: StepNode): void {
    switch (node.op) {
      case 'field':
        return this.#lowerField(index, node);
      case 'rows': {
        if (this.#isLabels(node.of)) return;
        const { value, at } = this.#ref(node.of);
        return this.#set(index, { value, at: at + node.from * this.#extents[index].size });
      }
      case 'concat':
        return this.#lowerConcat(index, node);
      case 'disturb': {
        const out = this.#target(index, 'disturbed');
        const { rows, size } = this.#extents[index];
        this.#builder.map({
          name: 'disturbed',
          source: { kind: 'value', input: this.#ref(node.of) },
          shape: outputOf(rows, size, 1),
          steps: [{ step: 'add', other: this.#ref(node.noise), factor: node.deviation }],
          out,
        });
        return this.#set(index, out);
      }
      case 'forward': {
        const trace = this.#network(node.network).forward({
          input: this.#ref(node.of),
          samples: this.#extents[index].rows,
          labels: this.#labelsOf(node.labels),
          target: this.#placed.has(index) ? this.#target(index, node.network) : undefined,
        });
        this.#traces.set(index, trace);
        return this.#set(index, trace.output);
      }
      case 'gan-loss':
        return this.#lowerGanLoss(index, node);
      case 'softmax-loss': {
        const { rows, size } = this.#extents[node.scores.node];
        const seed = this.#builder.value('seed', rows * size);
        this.#set(index, seed, 'seed');
        return this.#builder.push({
          kind: 'softmax-loss',
          name: 'loss',
          samples: rows,
          classes: size,
          scores: this.#ref(node.scores),
          labels: this.#labelsOf(node.labels)!,
          seed,
          scalars: this.#scalarsOf(index),
        });
      }
      case 'backward':
        return this.#lowerBackward(index, node);
      case 'scale': {
        if (this.#fused.has(index)) return;
        const { rows, size } = this.#extents[index];
        const out = this.#builder.value('scaled', rows * size);
        this.#builder.map({
          name: 'scaled',
          source: { kind: 'value', input: this.#ref(node.of) },
          shape: outputOf(rows, size, 1),
          steps: [{ step: 'scale-samples', by: this.#ref(node.by) }],
          out,
        });
        return this.#set(index, out);
      }
      case 'sum-of-norms':
        return this.#lowerNorms(index, node);
      default:
        return node satisfies never;
    }
  }

  #lowerField(index: number, node: NodeOf<'field'>): void {
    const field = this.#fieldOf(node);
    const bytes = this.#builder.field(node.field);
    if (field.source === 'label') return;
    if (field.source !== 'image') return this.#set(index, bytes);
    const out = this.#target(index, node.field);
    const { rows, size } = this.#extents[index];
    this.#builder.map({
      name: node.field,
      source: { kind: 'pixels', bytes, range: field.range },
      shape: outputOf(rows, size, 1),
      steps: [],
      out,
    });
    this.#set(index, out);
  }

  #lowerConcat(index: number, node: NodeOf<'concat'>): void {
    if (this.#isLabels({ node: index, part: 'out' })) return;
    const whole = this.#concatenation(index);
    let before = 0;
    for (const part of node.of) {
      const { rows, size } = this.#extents[part.node];
      const place = this.#placed.get(part.node);
      if (place?.node !== index || place.rows !== before) {
        this.#builder.map({
          name: 'beside the others',
          source: { kind: 'value', input: this.#ref(part) },
          shape: outputOf(rows, size, 1),
          steps: [],
          out: { value: whole.value, at: whole.at + before * size },
        });
      }
      before += rows;
    }
  }

  #lowerGanLoss(index: number, node: GanLossNode): void {
    const { samples, loss, logits, penalty, separate } = node;
    const { rows, size } = this.#extents[logits.node];
    const discriminator = this.#builder.value('seed', rows * size);
    this.#set(index, discriminator, 'discriminator');
    const generator = separate ? this.#builder.value("generator's seed", rows * size) : undefined;
    if (generator) this.#set(index, generator, 'generator');
    const ratio = separate ? undefined : this.#builder.value('ratio', samples);
    if (ratio) this.#set(index, ratio, 'ratio');
    this.#builder.push({
      kind: 'gan-loss',
      name: 'loss',
      loss,
      samples,
      disturbed: penalty?.samples ?? 0,
      penaltyWeight: penalty?.weight ?? 0,
      logits: this.#ref(logits),
      discriminator,
      ...(generator && { generator }),
      ...(ratio && { ratio }),
      scalars: this.#scalarsOf(index),
    });
  }

  /** Where the scalars of a node go, by part. */
  #scalarsOf(index: number): Record<string, Ref> {
    const { scalars, flag } = this.#graph;
    const places = Object.entries(scalars).flatMap(([name, from]): [string, Ref][] =>
      typeof from !== 'number' && from.node === index ? [[from.part, this.#builder.tail(name)]] : [],
    );
    return {
      ...Object.fromEntries(places),
      ...(flag?.node === index && { [flag.part]: this.#builder.flag() }),
    };
  }

  #lowerBackward(index: number, node: NodeOf<'backward'>): void {
    const forward = this.#nodeAt(node.of, 'forward');
    const trace = this.#traces.get(node.of.node)!;
    const { steps, last } = node.inputFrom === undefined ? { steps: [], last: index } : this.#after(index);
    const dx = this.#network(forward.network).backward(trace, {
      seed: this.#ref(node.seed),
      pastActivation: this.#pastActivation.has(index),
      parameters: node.parameters,
      inputFrom: node.inputFrom,
      after: steps,
    });
    if (dx) this.#set(last, dx);
  }

  /** What alone becomes of a gradient, as steps behind its making, and the node whose result that is. */
  #after(index: number): { steps: Pointwise[]; last: number } {
    const steps: Pointwise[] = [];
    let last = index;
    for (;;) {
      const consumers = this.#consumersOf(last);
      if (consumers.length !== 1) return { steps, last };
      const [consumer] = consumers;
      const node = this.#graph.nodes[consumer];
      if (node.op === 'scale' && node.of.node === last) {
        steps.push({ step: 'scale-samples', by: this.#ref(node.by) });
        this.#fused.add(consumer);
        last = consumer;
        continue;
      }
      if (node.op === 'backward' && node.seed.node === last) {
        const { network } = this.#nodeAt(node.of, 'forward');
        const { activation } = this.#network(network);
        if (activation) {
          steps.push({ step: 'activation-gradient', ...activation, y: this.#ref(node.of) });
          this.#pastActivation.add(consumer);
        }
      }
      return { steps, last };
    }
  }

  #consumersOf(index: number): number[] {
    return this.#graph.nodes.flatMap((node, consumer) =>
      inputsOf(node).some((input) => input.node === index) ? [consumer] : [],
    );
  }

  #lowerNorms(index: number, node: NodeOf<'sum-of-norms'>): void {
    const { rows, size } = this.#extents[node.of.node];
    const norms = this.#builder.value('norms', rows);
    this.#builder.push({ kind: 'norms', name: 'norms', rows, size, input: this.#ref(node.of), out: norms });
    this.#builder.columns(
      { name: 'sum of norms', of: 'sum', rows, channels: 1, input: norms, classes: 1, rowsPerSample: 1 },
      { out: this.#scalarsOf(index)['out'], epsilon: 0 },
    );
  }

  #constants(): void {
    const numbers = Object.entries(this.#graph.scalars).flatMap(([name, number]) =>
      typeof number === 'number' ? [{ to: this.#builder.tail(name), number }] : [],
    );
    if (numbers.length > 0) this.#builder.push({ kind: 'constants', name: 'constants', numbers });
  }
}

function keyOf({ node, part }: GraphValue): string {
  return `${node} ${part}`;
}

function inputsOf(node: StepNode): readonly GraphValue[] {
  switch (node.op) {
    case 'field':
      return [];
    case 'concat':
      return node.of;
    case 'rows':
    case 'sum-of-norms':
      return [node.of];
    case 'disturb':
      return [node.of, node.noise];
    case 'forward':
      return node.labels ? [node.of, node.labels] : [node.of];
    case 'gan-loss':
      return [node.logits];
    case 'softmax-loss':
      return [node.scores, node.labels];
    case 'backward':
      return [node.of, node.seed];
    case 'scale':
      return [node.of, node.by];
    default:
      return node satisfies never;
  }
}
