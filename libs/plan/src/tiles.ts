/** Shapes of the tiles that a workgroup computes of a product, and into how many parts a sum is cut. */
import { productSize } from './convolution.ts';
import type { Convolution, Way } from './convolution.ts';
import type { ProductKernel } from './launch.ts';

export interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** Terms of the sums that lie in workgroup memory at a time. */
  readonly depth: number;
  /** Rows and columns of an invocation, multiples of 4. */
  readonly perInvocation: readonly [rows: number, columns: number];
}

/** All fit what WebGPU guarantees: 16 kB of workgroup memory, 256 invocations. */
export const tiles = {
  '32x32': { rows: 32, columns: 32, depth: 16, perInvocation: [4, 4] },
  '64x16': { rows: 64, columns: 16, depth: 16, perInvocation: [4, 4] },
  '64x32': { rows: 64, columns: 32, depth: 16, perInvocation: [4, 4] },
  '64x64': { rows: 64, columns: 64, depth: 16, perInvocation: [4, 4] },
  '64x64w': { rows: 64, columns: 64, depth: 16, perInvocation: [8, 8] },
  '128x64': { rows: 128, columns: 64, depth: 16, perInvocation: [8, 4] },
  '128x64w': { rows: 128, columns: 64, depth: 16, perInvocation: [8, 8] },
  '128x128': { rows: 128, columns: 128, depth: 8, perInvocation: [8, 8] },
} as const satisfies Readonly<Record<string, Tile>>;

export type TileName = keyof typeof tiles;

export const tileNames = Object.keys(tiles) as readonly TileName[];

export function invocations({ rows, columns, perInvocation }: Tile): number {
  return (rows / perInvocation[0]) * (columns / perInvocation[1]);
}

/** A product before it is known how it is computed. */
export interface ProductShape {
  readonly way: Way;
  readonly convolution: Convolution;
  readonly images: number;
}

/** Takes the shape of a product's tiles; undefined for the usual choice. */
export type ChooseTile = (product: ProductShape) => TileName | undefined;

/** What part of the terms is one part's; the last may have fewer. */
export function partDepth(depth: number, parts: number): number {
  return GRAIN * Math.ceil(depth / (parts * GRAIN));
}

/** A part begins at a multiple of every tile's depth. */
const GRAIN = 16;
/** Workgroups that keep a large card busy, two for each of some 130 processors. */
const ENOUGH_WORKGROUPS = 264;
/** A part with fewer terms costs more than it saves. */
const LEAST_TERMS = 256;
const MOST_PARTS = 64;
/** Below this side a tile would be mostly empty. */
const THIN = 4;
const LEAST_TERMS_OF_A_LANE = 16;
/** Invocations that hide the latency of memory. */
const ENOUGH_INVOCATIONS = 16_384;

export interface ProductChoice {
  readonly kernel: ProductKernel;
  readonly parts: number;
}

/** By the shapes alone: what is chosen decides bits. */
export function chooseProduct(product: ProductShape, chosen: ChooseTile): ProductChoice {
  const { way, convolution, images } = product;
  const { rows, columns, depth, phases } = productSize(way, convolution, images);
  if (Math.min(rows, columns, depth) <= THIN) {
    return { kernel: { kind: 'dot', lanes: lanesOf(way, { outputs: rows * columns * phases, depth }) }, parts: 1 };
  }
  const usual = usualTile(rows, columns);
  // By the usual tile, whichever is taken: so the order of a sum is the same for all of them.
  const groups = Math.ceil(rows / tiles[usual].rows) * Math.ceil(columns / tiles[usual].columns) * phases;
  const wanted = Math.min(MOST_PARTS, Math.floor(ENOUGH_WORKGROUPS / groups), Math.floor(depth / LEAST_TERMS));
  const parts = phases > 1 || wanted < 2 ? 1 : Math.ceil(depth / partDepth(depth, wanted));
  return { kernel: { kind: 'tiled', tile: chosen(product) ?? usual }, parts };
}

function usualTile(rows: number, columns: number): TileName {
  if (columns <= 16) return '64x16';
  if (rows <= 32) return '32x32';
  return columns <= 32 ? '64x32' : '64x64';
}

function lanesOf(way: Way, { outputs, depth }: { outputs: number; depth: number }): number {
  // Neighbouring terms lie side by side in memory, but for a filter's gradient neighbouring outputs do.
  const least = way === 'by-filter' ? 1 : 16;
  let lanes = 1;
  // Adding lanes' sums is dear where each has but a few terms.
  const isWorth = (more: number) => more * LEAST_TERMS_OF_A_LANE <= depth;
  while (lanes < 64 && isWorth(2 * lanes) && (lanes < least || outputs * lanes < ENOUGH_INVOCATIONS)) lanes *= 2;
  return lanes;
}
