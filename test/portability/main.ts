/**
 * `npm run test:portability -- --places node,chromium --presets mnist --steps 2`: gradients and whole steps on `wasm`
 * under several Nodes, emulated arm64 and in browsers, each held against test/fixtures/wasm/hashes.json. Prints a table;
 * exit code 1 if any hash differs or a place fails, 2 if it does not understand. An emulated processor takes 2 steps at most.
 * On two cores all of it takes some two hours, most of that arm64; `--places node,chromium --steps 0` half a minute.
 */
import { refuseWords, wordsOf } from '../../bin/words.mjs';
import { difference, readExpected, type Expected } from './expected.ts';
import { PLACE_NAMES, placeOf, PRESETS, type Place, type PlaceName } from './places.ts';
import type { Answer, PresetName, Request } from './steps.ts';

const MARKS = [2, 20];
const EMULATED_STEPS = 2;
const LIMIT_MS = 3 * 3600_000;

interface Settings {
  readonly places: readonly PlaceName[];
  readonly presets: readonly PresetName[];
  readonly steps: number;
}

const say = (line: string) => process.stdout.write(`${line}\n`);

process.exitCode = (await compareAll(settingsOf())) ? 0 : 1;

function settingsOf(): Settings {
  const refuse = (sentence: string) => refuseWords('test:portability', sentence);
  const words = wordsOf('test:portability', {
    places: { type: 'string', default: PLACE_NAMES.join() },
    presets: { type: 'string', default: PRESETS.join() },
    steps: { type: 'string', default: '20' },
  });
  const places = words.places.split(',') as PlaceName[];
  const presets = words.presets.split(',') as PresetName[];
  if (!places.every((name) => PLACE_NAMES.includes(name))) refuse(`--places takes some of ${PLACE_NAMES.join()}`);
  if (!presets.every((name) => PRESETS.includes(name))) refuse(`--presets takes some of ${PRESETS.join()}`);
  if (!['0', '2', '20'].includes(words.steps)) refuse('--steps takes 0, 2 or 20');
  return { places, presets, steps: Number(words.steps) };
}

async function compareAll({ places, presets, steps }: Settings): Promise<boolean> {
  const expected = await readExpected();
  const rows: string[] = [];
  const wrong: string[] = [];
  for (const place of places.map(placeOf)) {
    const marks = MARKS.filter((mark) => mark <= (place.slow ? Math.min(steps, EMULATED_STEPS) : steps));
    const request: Request = {
      gradients: presets,
      steps: marks.length > 0 ? Object.fromEntries(presets.map((preset) => [preset, marks])) : {},
    };
    const { sentence, answers } = await compare(place, request, expected);
    if (sentence !== undefined) wrong.push(sentence);
    const seconds = secondsOf(answers).toFixed(0);
    rows.push(
      `| ${place.name} | ${presets.map((p) => stepsOf(p, answers)).join(' | ')} | ${sentence ?? 'equal'} | ${seconds} s |`,
    );
  }
  say(
    `\n| where | ${presets.join(' | ')} | bits | computing |\n| --- | ${presets.map(() => '---').join(' | ')} | --- | ---: |`,
  );
  for (const row of rows) say(row);
  return wrong.length === 0;
}

/** An answer about steps counts from the preset's start: its last one holds those before. */
function secondsOf(answers: readonly Answer[]): number {
  const last = new Map(answers.map((answer) => [`${answer.preset} ${answer.steps === 0}`, answer.seconds]));
  return [...last.values()].reduce((sum, seconds) => sum + seconds, 0);
}

function stepsOf(preset: PresetName, answers: readonly Answer[]): string {
  const of = answers.filter((answer) => answer.preset === preset);
  const most = Math.max(0, ...of.map(({ steps }) => steps));
  return of.length === 0 ? '-' : most === 0 ? 'a gradient' : `${most} steps`;
}

async function compare(place: Place, request: Request, expected: Expected) {
  const answers: Answer[] = [];
  const wrong: string[] = [];
  const asked = request.gradients.length + Object.values(request.steps).reduce((sum, marks) => sum + marks.length, 0);
  const onAnswer = (answer: Answer) => {
    answers.push(answer);
    const different = difference(expected, answer);
    if (different !== undefined) wrong.push(different);
    const what = answer.steps === 0 ? 'gradient' : `${answer.steps} steps`;
    say(`${place.name}: ${answer.preset}, ${what}: ${different ?? 'equal'} (${answer.seconds.toFixed(1)} s)`);
  };
  try {
    if (place.missing !== undefined) throw new Error(`missing: ${place.missing}`);
    await place.ask(request, { limitMs: LIMIT_MS, onAnswer });
    if (answers.length !== asked) wrong.push(`${answers.length} of ${asked} answers`);
  } catch (error) {
    wrong.push((error as Error).message);
  }
  for (const sentence of wrong) say(`${place.name}: ${sentence}`);
  return { sentence: wrong.at(0), answers };
}
