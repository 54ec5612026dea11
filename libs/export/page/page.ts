/**
 * The script of an exported page: reads the model out of the page, draws a grid from a seed, and walks from seed to seed. Between
 * two images it lets the browser breathe, so controls answer while it draws.
 */
import { forward } from '../src/forward.ts';
import type { PageModel } from '../src/formats/html.ts';
import type { ExportedLayer } from '../src/layer.ts';
import { interpolate } from '@gradcast/random';
import { noiseOf } from './noise.ts';

const ACROSS = 4;
const IMAGES = ACROSS * ACROSS;
const GUTTER = 2;
/** Frames from one seed to the next. */
const STEPS = 16;

const element = (id: string): HTMLElement => document.getElementById(id)!;
const model = JSON.parse(element('model').textContent) as PageModel;
const numbers = weights(element('weights').textContent);
const layers = model.layers.map((layer) => withTensors(layer));
const [height, width, channels] = model.shape;

const canvas = element('picture') as HTMLCanvasElement;
const walk = element('walk');
const seed = element('seed') as HTMLInputElement;
const asked = element('class') as HTMLSelectElement;
element('asked').hidden = model.classes === null;
for (let label = 0; label < (model.classes ?? 0); label++) asked.add(new Option(String(label)));
canvas.width = ACROSS * (width + GUTTER) + GUTTER;
canvas.height = ACROSS * (height + GUTTER) + GUTTER;
const context = canvas.getContext('2d')!;

/** Little-endian f32, as every machine with a browser has it. */
function weights(base64: string): Float32Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new Float32Array(bytes.buffer);
}

function withTensors(layer: PageModel['layers'][number]): ExportedLayer {
  const name = String(layer['name']);
  const own = Object.entries(model.tensors).filter(([tensor]) => tensor.slice(0, tensor.lastIndexOf('/')) === name);
  const tensors = own.map(([tensor, [offset, length]]): [string, Float32Array] => {
    return [tensor.slice(name.length + 1), numbers.subarray(offset, offset + length)];
  });
  return { ...layer, ...Object.fromEntries(tensors) } as unknown as ExportedLayer;
}

/** The class of an image: the one asked for, or each in turn. */
function labelOf(index: number): number {
  return asked.value === '' ? index % (model.classes ?? 1) : Number(asked.value);
}

/** Bytes of an image, `[H, W, C]`. */
function pixels(noise: Float32Array, label: number): Uint8ClampedArray {
  const [scale, shift] = model.range === 'unit' ? [255, 0] : [127.5, 127.5];
  return Uint8ClampedArray.from(forward(layers, noise, label), (value) => Math.floor(value * scale + shift + 0.5));
}

function show(bytes: Uint8ClampedArray, index: number): void {
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = bytes[i * channels + (channels === 3 ? c : 0)];
    image.data[4 * i + 3] = 255;
  }
  const place = (at: number, side: number) => GUTTER + at * (side + GUTTER);
  context.putImageData(image, place(index % ACROSS, width), place(Math.floor(index / ACROSS), height));
}

const breath = () => new Promise((resolve) => setTimeout(resolve));
const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

/** Counted up by each new wish; whatever draws for an older one ends. */
let wish = 0;

async function draw(): Promise<void> {
  const own = ++wish;
  walk.setAttribute('aria-pressed', 'false');
  const from = performance.now();
  for (let index = 0; index < IMAGES; index++) {
    if (own !== wish) return;
    show(pixels(noiseOf(model, Number(seed.value), index), labelOf(index)), index);
    await breath();
  }
  const took = Math.round(performance.now() - from);
  element('status').textContent = `${IMAGES} images of seed ${seed.value}, drawn in ${took} ms`;
}

async function walkOn(): Promise<void> {
  const own = ++wish;
  walk.setAttribute('aria-pressed', 'true');
  element('status').textContent = 'Walking';
  for (let at = Number(seed.value); ; at++) {
    for (let step = 0; step < STEPS; step++) {
      for (let index = 0; index < IMAGES; index++) {
        if (own !== wish) return;
        const ends = [noiseOf(model, at, index), noiseOf(model, at + 1, index)] as const;
        show(pixels(interpolate(model.distribution, ends, step / STEPS), labelOf(index)), index);
        await breath();
      }
      await frame();
    }
    seed.value = String(at + 1);
  }
}

element('controls').addEventListener('submit', (event) => {
  event.preventDefault();
  seed.value = String((Number(seed.value) + 1) % 2 ** 32);
  void draw();
});
seed.addEventListener('change', () => {
  if (seed.checkValidity()) void draw();
});
asked.addEventListener('change', () => void draw());
walk.addEventListener('click', () => void (walk.getAttribute('aria-pressed') === 'true' ? draw() : walkOn()));
void draw();

// For whoever wants to draw from noise of their own, from the console.
Object.assign(globalThis, {
  gradcast: { pixels: (noise: ArrayLike<number>, label = 0) => pixels(Float32Array.from(noise), label) },
});
