/**
 * A page that draws with the model, in one file that asks nothing of the network: layers as JSON and numbers as base64 in the page,
 * a script that computes them in plain loops. tfjs-core with its plain backend would be 280 kB for what 5 kB do.
 */
import { ExportError } from '../export-error.ts';
import type { ExportedModel } from '../exported-model.ts';
import { tensorsOf } from '../layer.ts';
import { describeLayer, describeModel } from '../describe.ts';
import { bytesOf } from './bytes.ts';

/** What the page is made of. */
export interface PageParts {
  /** With `{{title}}`, and a comment in the place of each of `style`, `model`, `weights` and `script`. */
  readonly document: string;
  readonly style: string;
  /** Bundled, without a module's imports. */
  readonly script: string;
}

/** What the script reads; tensors lie end to end in the numbers. */
export interface PageModel {
  readonly title: string;
  readonly latent: number;
  readonly distribution: 'normal' | 'uniform';
  readonly shape: readonly [number, number, number];
  readonly range: 'unit' | 'symmetric';
  /** How many classes can be asked for; null for a model that is not told of any. */
  readonly classes: number | null;
  readonly layers: readonly Readonly<Record<string, unknown>>[];
  /** By name: where each begins, in elements, and how many it has. */
  readonly tensors: Readonly<Record<string, readonly [offset: number, length: number]>>;
}

/** @throws ExportError unless the model draws images from noise. */
export function htmlPage(model: ExportedModel, { document, style, script }: PageParts): string {
  const { name, step, input, output } = model;
  if (output.kind !== 'image' || input.source !== 'noise' || input.shape.length !== 1) {
    throw new ExportError(`the task ${name} cannot be a page: only what draws images from noise can`);
  }
  const tensors: Record<string, readonly [number, number]> = {};
  let length = 0;
  const chunks = model.layers.flatMap(tensorsOf).map((tensor) => {
    tensors[tensor.name] = [length, tensor.data.length];
    length += tensor.data.length;
    return bytesOf(tensor);
  });
  const title = `Drawn by ${name}, trained for ${step} steps`;
  const page: PageModel = {
    title,
    latent: input.shape[0],
    distribution: input.distribution,
    shape: output.shape,
    range: output.range,
    classes: model.labels?.classes ?? null,
    layers: model.layers.map(describeLayer),
    tensors,
  };
  // No text of a script ends it.
  const json = JSON.stringify({ ...describeModel(model), ...page }).replaceAll('<', '\\u003c');
  const parts: Readonly<Record<string, string>> = {
    style: `<style>${style}</style>`,
    model: `<script type="application/json" id="model">${json}</script>`,
    weights: `<script type="text/plain" id="weights">${Buffer.concat(chunks).toString('base64')}</script>`,
    script: `<script>${script.replaceAll('</script', '<\\/script')}</script>`,
  };
  return document
    .replaceAll('{{title}}', () => escaped(title))
    .replace(/<!--(style|model|weights|script)-->/g, (_, part: string) => parts[part]);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
