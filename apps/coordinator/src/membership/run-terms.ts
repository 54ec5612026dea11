/** What a run is, as every worker is told. */
import type { RunDefinition } from '@gradcast/definition';

export interface RunTerms extends RunDefinition {
  readonly incarnation: number;
  readonly run: string;
}
