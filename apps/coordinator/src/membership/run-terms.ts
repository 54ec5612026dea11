/** What a run is, as every worker is told. */
import type { CodecName } from '@gradcast/protocol';
import type { StepShape } from '@gradcast/schedule';

export interface RunTerms extends StepShape {
  readonly incarnation: number;
  readonly run: string;
  readonly preset: string;
  readonly seed: number;
  readonly codec: CodecName;
}
