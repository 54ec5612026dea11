/** All dashboards. */
import { overview } from './overview.ts';
import type { Board } from './panel.ts';
import { quality } from './quality.ts';
import { reliability } from './reliability.ts';
import { workers } from './workers.ts';

export const boards: readonly Board[] = [overview, workers, quality, reliability];
