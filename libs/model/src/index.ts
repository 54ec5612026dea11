export * from './model.ts';
export type * from './presets.ts';
