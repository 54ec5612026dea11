export type * from './backend.ts';
export * from './backend-error.ts';
export { axesBetween, axesOf } from './convolutions/convolution.ts';
export type { ConvolutionInfo } from './convolutions/convolution.ts';
export { fourierConvolutions } from './convolutions/fourier.ts';
export type { Products } from './convolutions/fourier.ts';
export { filterGradientPass, inputGradientPass, phasesOf, reachOf } from './convolutions/window.ts';
export type { Axis, Pass, Phase } from './convolutions/window.ts';
export { createEngine } from './engine.ts';
