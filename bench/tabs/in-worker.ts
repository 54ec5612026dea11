/** The engine of a tab in a Web Worker, as the join page has it; takes a turn for each message. */
import { startWasm } from '@gradcast/backends-web';
import type { LoadedBackend } from '@gradcast/engine';
import type { PresetName } from '@gradcast/gan';
import { train, warm } from '../backends/warm-engine.ts';
import type { WarmEngine } from '../backends/warm-engine.ts';

/** What is used of a Web Worker's global scope. */
const scope = globalThis as unknown as {
  postMessage(imagesPerSecond: number): void;
  onmessage: ((event: MessageEvent<{ readonly preset: PresetName; readonly seconds: number }>) => void) | null;
};

let backend: Promise<LoadedBackend> | undefined;
const engines = new Map<PresetName, WarmEngine>();

async function turn(preset: PresetName, seconds: number): Promise<number> {
  backend ??= startWasm('/');
  const engine = engines.get(preset) ?? (await warm(await backend, preset, undefined));
  engines.set(preset, engine);
  const begin = performance.now();
  const images = await train(engine, seconds);
  return (1000 * images) / (performance.now() - begin);
}

scope.onmessage = ({ data: { preset, seconds } }) => {
  void turn(preset, seconds).then((imagesPerSecond) => scope.postMessage(imagesPerSecond));
};
