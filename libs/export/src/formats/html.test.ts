import { describe, expect, it } from 'vitest';
import { ExportError } from '../export-error.ts';
import { knownModel, knownTasks } from '../known-model.ts';
import { tensorsOf } from '../layer.ts';
import { htmlPage } from './html.ts';
import type { PageModel } from './html.ts';

const document = '<title>{{title}}</title><!--style-->\n<!--model-->\n<!--weights-->\n<!--script-->';
const parts = { document, style: 'p { color: red }', script: 'const text = "</script> $& {{title}} <!--model-->";' };

describe('htmlPage', () => {
  it('holds all numbers of the model, and where each tensor lies', async () => {
    const { model } = await knownModel(knownTasks['sigmoid']());
    const lines = htmlPage({ ...model, name: 'a<b' }, parts).split('\n');
    expect(lines[0]).toBe('<title>Drawn by a&lt;b, trained for 12 steps</title><style>p { color: red }</style>');
    const inside = (line: string) => /^<script[^>]*>([^<]*)<\/script>$/.exec(line)![1];
    const page = JSON.parse(inside(lines[1])) as PageModel;
    expect(page).toMatchObject({ latent: 5, distribution: 'normal', shape: [8, 8, 1], range: 'symmetric' });
    const numbers = new Float32Array(Uint8Array.from(Buffer.from(inside(lines[2]), 'base64')).buffer);
    const tensors = model.layers.flatMap(tensorsOf);
    expect(Object.keys(page.tensors)).toEqual(tensors.map(({ name }) => name));
    for (const { name, data } of tensors) {
      const [offset, length] = page.tensors[name];
      expect(numbers.slice(offset, offset + length)).toEqual(data);
    }
    expect(lines[3]).toBe('<script>const text = "<\\/script> $& {{title}} <!--model-->";</script>');
  });

  it('is only for what draws images from noise', async () => {
    const { model } = await knownModel(knownTasks['classifier']());
    expect(() => htmlPage(model, parts)).toThrow(ExportError);
    expect(() => htmlPage(model, parts)).toThrow('the task classifier cannot be a page: only what draws');
  });
});
