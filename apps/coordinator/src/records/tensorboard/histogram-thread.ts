/** Thread that counts for histograms, so that the step loop only copies two vectors. */
import { parentPort, workerData } from 'node:worker_threads';
import type { HistogramRequest, HistogramSettings } from './histogram-messages.ts';
import { histogramRecord } from './histogram-record.ts';

const settings = workerData as HistogramSettings;

parentPort?.on('message', (request: HistogramRequest) => {
  parentPort?.postMessage(histogramRecord(settings, request));
});
