export { startWasm } from './wasm/start.ts';
export { adapterFacts, kindOf, requestAdapter } from './webgpu/adapter.ts';
export type { AdapterInfo } from './webgpu/adapter.ts';
export { deviceOf, requireKind, startWebgpu } from './webgpu/start.ts';
export type { TuningStore } from '@gradcast/webgpu';
export type { StartedWebgpu, WebgpuOptions } from './webgpu/start.ts';
