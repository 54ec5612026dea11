/** What the coordinator says of its run at `GET join/run`, checked: everything here is shown as text and believed no further. */
import { printable } from '@gradcast/protocol';
import type { JoinFacts, OwnLeaves } from '@gradcast/protocol';

export interface RunFacts extends JoinFacts {
  /** Step of the newest samples, or null. */
  readonly sampleStep: number | null;
  /** Of the session that asked, or null. */
  readonly you: OwnLeaves | null;
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
