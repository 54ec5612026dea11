/** What the coordinator says of its run at `GET join/run`, checked: everything here is shown as text and believed no further. */
import { printable } from '@gradcast/protocol';

export interface RunFacts {
  readonly run: string;
  /** Digest of a task that is not built in, or null. */
  readonly task: string | null;
  readonly preset: string;
  readonly step: number;
  readonly steps: number;
  /** Of all who take part. */
  readonly imagesPerSecond: number;
  /** Those that are no volunteers. */
  readonly workers: number;
  readonly volunteers: number;
  readonly state: string;
  /** Whether all bits come from one numeric profile. */
  readonly exact: boolean;
  /** Step of the newest samples, or null. */
  readonly sampleStep: number | null;
  /** Of the session that asked, or null. */
  readonly you: { readonly leavesUsed: number; readonly leavesChecked: number } | null;
}

/** Characters of a name that are shown. */
const SHOWN = 80;

/** @returns undefined if the answer is none of a coordinator's. */
export function factsOf(answer: unknown): RunFacts | undefined {
  const said = recordOf(answer);
  const { task } = said;
  const text = (value: unknown) => (typeof value === 'string' ? printable(value, SHOWN) : undefined);
  const [run, preset, state] = [said['run'], said['preset'], said['state']].map(text);
  const numbers = ['step', 'steps', 'imagesPerSecond', 'workers', 'volunteers'].map((name) => countOf(said[name]));
  if (run === undefined || preset === undefined || state === undefined) return undefined;
  if (numbers.includes(undefined) || (task !== null && typeof task !== 'string')) return undefined;
  const [step, steps, imagesPerSecond, workers, volunteers] = numbers as number[];
  const { leavesUsed, leavesChecked } = recordOf(said['you']);
  const [used, checked] = [countOf(leavesUsed), countOf(leavesChecked)];
  return {
    run,
    task: task === null ? null : printable(task, SHOWN),
    preset,
    step,
    steps,
    imagesPerSecond,
    workers,
    volunteers,
    state,
    exact: said['exact'] === true,
    sampleStep: countOf(recordOf(said['sample'])['step']) ?? null,
    you: used === undefined || checked === undefined ? null : { leavesUsed: used, leavesChecked: checked },
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
