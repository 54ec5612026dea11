/** Thread that draws the batch of the next step, so that the step loop only copies it into leases. */
import { parentPort, workerData } from 'node:worker_threads';
import type { BatchSettings } from './batch-messages.ts';
import { drawBatches } from './draw-batches.ts';

if (parentPort) drawBatches(parentPort, workerData as BatchSettings);
