export { ExportError } from './export-error.ts';
export { exportedModel } from './exported-model.ts';
export type { ExportedModel } from './exported-model.ts';
export { htmlPage } from './formats/html.ts';
export type { PageParts } from './formats/html.ts';
export { onnxFile } from './formats/onnx.ts';
export { safetensorsFile } from './formats/safetensors.ts';
export { tfjsFiles } from './formats/tfjs.ts';
