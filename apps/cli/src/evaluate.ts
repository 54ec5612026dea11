/**
 * `gradcast evaluate`: scores what a trained generator draws, or images from a file, by a judge that comes with Gradcast. It
 * draws as `gradcast sample` does; docs/quality.md says what the numbers mean.
 */
import type { BackendRequest } from '@gradcast/backends-node';
import { readImagesFile } from '@gradcast/dataset';
import { openEngine, type LoadedBackend } from '@gradcast/engine';
import { drawImages, floorOf, JUDGED_SHAPE, judgeReal, judgesOf, loadRealPixels, openJudge } from '@gradcast/judge';
import type { DrawOptions, JudgeRecord, RealPixels } from '@gradcast/judge';
import type { ImageOutput } from '@gradcast/task';
import { EXIT_DONE } from './exit-codes.ts';
import { openChosenBackend } from './outputs/open-engine.ts';
import { OutputError } from './outputs/output-error.ts';
import { imagesOf, openTrainedModel, originalsOf, type TrainedModel } from './outputs/trained-model.ts';
import { scoreTable, type Evaluation, type JudgeScores } from './score-table.ts';

export interface EvaluateRequest {
  /** Run folder, checkpoint file, or `.npy` file of images. */
  readonly source: string;
  /** Images to draw; of a file the first ones. */
  readonly count: number;
  readonly seed: number;
  /** Name of a judge, or `both`. */
  readonly judge: string;
  /** The weights themselves instead of their moving average. */
  readonly raw: boolean;
  readonly backend: BackendRequest;
  /** Folder of the data set; null for that of the run, or MNIST. */
  readonly data: string | null;
  /** The user's task file; null looks where the run was started with it. */
  readonly task: string | null;
  readonly json: boolean;
}

/** Where its words go. */
export interface EvaluateOutlets {
  readonly say: (line: string) => void;
  readonly warn: (line: string) => void;
  /** Shows a text in place of the one before; undefined where nobody watches. */
  readonly progress: ((text: string) => void) | undefined;
}

/** The fewest images that manifolds are made of. */
const FEWEST = 6;

/**
 * Scores and says the result.
 *
 * @throws OutputError, JudgeError; RunError, CheckpointError and DatasetError for what is named; BackendError.
 */
export async function runEvaluate(request: EvaluateRequest, outlets: EvaluateOutlets): Promise<number> {
  const evaluation = await evaluate(request, outlets);
  if (request.json) outlets.say(JSON.stringify({ type: 'evaluated', ...evaluation }));
  else for (const line of scoreTable(evaluation)) outlets.say(line);
  return EXIT_DONE;
}

async function evaluate(request: EvaluateRequest, { warn, progress }: EvaluateOutlets): Promise<Evaluation> {
  const { judge: wanted, backend, count, data } = request;
  if (count < FEWEST) throw new OutputError('too-few-samples', `${FEWEST} images are the fewest that can be scored`);
  const subject = await openSubject(request, warn);
  const real = await loadRealPixels(data ?? subject.data);
  const loaded = await openChosenBackend(backend, warn);
  const told = (what: string) => (done: number, of: number) => progress?.(`${what}: ${done} of ${of} images`);
  try {
    const images = await subject.images(loaded, { labels: real.testLabels, onProgress: told('drawing') });
    const judges = [];
    for (const record of judgesOf(real.dataset).filter(({ name }) => wanted === 'both' || wanted === name)) {
      judges.push(await judged(record, { images, real, loaded, told }));
    }
    const { source, step, weights, seed } = subject;
    return { source, step, weights, count: subject.count, seed, backend: loaded.name, dataset: real.dataset, judges };
  } finally {
    progress?.('');
  }
}

interface Judging {
  readonly images: Uint8Array;
  readonly real: RealPixels;
  readonly loaded: LoadedBackend;
  readonly told: (what: string) => (done: number, of: number) => void;
}

async function judged(record: JudgeRecord, { images, real, loaded, told }: Judging): Promise<JudgeScores> {
  const judge = await openJudge(record, loaded);
  try {
    const realImages = await judgeReal(judge, real, { onProgress: told(`judge ${record.name} sees real images`) });
    const seen = await judge.see(images, told(`judge ${record.name} sees the samples`));
    const scores = realImages.scoresOf(seen);
    const floor = floorOf(judge, realImages, seen.scores.length / scores.shares.length);
    return { judge: record.name, sha256: record.sha256, scores, floor };
  } finally {
    judge.dispose();
  }
}

/** What is to be scored. */
interface Subject extends Pick<Evaluation, 'source' | 'step' | 'weights' | 'count' | 'seed'> {
  readonly data: string | undefined;
  images(loaded: LoadedBackend, how: Pick<DrawOptions, 'labels' | 'onProgress'>): Promise<Uint8Array>;
}

async function openSubject(request: EvaluateRequest, warn: (line: string) => void): Promise<Subject> {
  const { source, count, seed, raw, task } = request;
  if (/\.npy$/i.test(source)) return fileSubject(source, count, warn);
  const model = await openTrainedModel({ run: source, task, raw, warn });
  const output = imagesOf(model);
  requireShape(output.values.shape, model.path);
  return {
    source: model.path,
    step: model.step,
    weights: raw || !model.task.average ? 'raw' : 'average',
    count,
    seed,
    data: model.data,
    images: (loaded, how) => drawn({ model, output }, loaded, { count, seed, ...how }),
  };
}

async function drawn(
  { model, output }: { readonly model: TrainedModel; readonly output: ImageOutput },
  loaded: LoadedBackend,
  options: Omit<DrawOptions, 'originals'>,
): Promise<Uint8Array> {
  const originals = await originalsOf(model, output);
  const engine = await openEngine(model.task, loaded);
  try {
    engine.load(model.parameters);
    return await drawImages(engine, output, { ...options, originals });
  } finally {
    engine.dispose();
  }
}

async function fileSubject(source: string, wanted: number, warn: (line: string) => void): Promise<Subject> {
  const { images, count: held, shape } = await readImagesFile(source);
  requireShape(shape, source);
  const count = Math.min(held, wanted);
  if (count < FEWEST) {
    throw new OutputError('too-few-samples', `${source} holds ${held} images; ${FEWEST} are the fewest to be scored`);
  }
  if (count < wanted) warn(`${source} holds ${held} images: scores compare with those of as many only`);
  return {
    source,
    step: null,
    weights: null,
    count,
    seed: null,
    data: undefined,
    images: () => Promise.resolve(images.subarray(0, (images.length / held) * count)),
  };
}

/** @throws OutputError `image-shape` for images that no judge has learned to read. */
function requireShape(shape: readonly number[], source: string): void {
  if (shape.join() === JUDGED_SHAPE.join()) return;
  const sentence = `${source} has images of ${shape.join('x')}; judges read ${JUDGED_SHAPE.join('x')}`;
  throw new OutputError('image-shape', sentence);
}
