/** The program as a process: `node in-node.mjs REQUEST`; a line of JSON for each answer. */
import { loadBackend } from '@gradcast/backends-node';
import { loadDataset, wholeColumn } from '@gradcast/dataset';
import { answers } from './steps.ts';
import type { Request } from './steps.ts';

const request = JSON.parse(process.argv[2]) as Request;
const backend = await loadBackend('wasm');
const images = async () => wholeColumn((await loadDataset()).inputs) as Uint8Array;
const labels = async () => wholeColumn((await loadDataset()).labels!) as Uint8Array;
const around = { backend, images, labels };
for await (const answer of answers(request, around)) process.stdout.write(`${JSON.stringify(answer)}\n`);
