export type * from './kernels.ts';
export * from './model.ts';
export * from './presets.ts';
