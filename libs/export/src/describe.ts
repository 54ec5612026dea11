/** What a file says of its model besides the numbers. */
import type { OutputValues } from '@gradcast/task';
import type { ExportedModel } from './exported-model.ts';
import type { ExportedLayer } from './layer.ts';

export interface ModelDescription {
  readonly task: string;
  readonly step: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Of the second input, if there is one. */
  readonly labels?: Readonly<Record<string, unknown>>;
  readonly output: Readonly<Record<string, unknown>>;
}

export function describeModel({ name, step, input, labels, output }: ExportedModel): ModelDescription {
  const about =
    input.source === 'noise'
      ? { distribution: input.distribution }
      : input.source === 'image'
        ? { range: input.range }
        : {};
  return {
    task: name,
    step: String(step),
    input: { name: input.name, source: input.source, shape: input.shape, ...about },
    ...(labels && { labels: { name: labels.name, classes: labels.classes } }),
    output: describeOutput(output),
  };
}

/** The same with text for values, as the metadata of a file holds it: what has members of its own is JSON. */
export function metadataOf(model: ExportedModel): Readonly<Record<string, string>> {
  const { input, labels, output, ...about } = describeModel(model);
  return {
    ...about,
    input: JSON.stringify(input),
    ...(labels && { labels: JSON.stringify(labels) }),
    output: JSON.stringify(output),
  };
}

function describeOutput(output: OutputValues): Readonly<Record<string, unknown>> {
  switch (output.kind) {
    case 'image':
      return { kind: 'image', shape: output.shape, range: output.range };
    case 'classes':
      return { kind: 'classes', classes: output.classes };
    case 'vector':
      return { kind: 'vector', length: output.length };
    default:
      return output satisfies never;
  }
}

/** A layer without its tensors, which are found by its name. */
export function describeLayer(layer: ExportedLayer): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(layer).filter(([, value]) => !(value instanceof Float32Array)));
}
