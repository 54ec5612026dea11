/** The commands that make something of a trained model besides samples: their options, handed to the code that does the work. */
import { type BackendChoice, gather, type Machine, type Problem, quoted } from '@gradcast/config';
import { EXIT_DONE } from './exit-codes.ts';
import type { ExportFormat } from './export.ts';
import type { Watched } from './outputs/watched.ts';
import type { Sink } from './reporter.ts';
import { refuseAny, runProblems, type Tools } from './tools.ts';

interface Around {
  readonly machine: Machine;
  readonly tools: Tools;
  readonly stdout: Sink;
}

/** Walks side by side: a grid of more is no longer looked at. */
const MOST_WALKS = 1024;

/** @throws ConfigError with every problem of the command line, and what the walk throws. */
export async function interpolateFromArgs(
  args: readonly string[],
  { machine, tools, stdout }: Around,
  watched: Watched,
): Promise<number> {
  const { settings, operands, problems } = gather('interpolate', args, machine.environment);
  const count = settings.number('count');
  const many: Problem[] = [];
  if (count !== null && count > MOST_WALKS) {
    const sentence = `${settings.label('count')} must be at most ${MOST_WALKS} for interpolate, but is ${count}`;
    many.push({ code: 'out-of-range', sentence });
  }
  const output = settings.text('output');
  const found = runAndPng('interpolate', { operands, output, settings });
  refuseAny([...problems, ...found, ...many]);
  const interpolate = await tools.interpolate();
  const request = {
    run: operands[0],
    count: count!,
    points: settings.number('points')!,
    frames: settings.number('frames')!,
    fps: settings.number('fps')!,
    seed: settings.number('seed')!,
    output: output!,
    backend: settings.text('backend') as BackendChoice,
    task: settings.text('task'),
  };
  await interpolate(request, watched);
  stdout.write(`${output!}\n`);
  return EXIT_DONE;
}

/** @throws ConfigError with every problem of the command line, and what the animation throws. */
export async function animateFromArgs(
  args: readonly string[],
  { machine, tools, stdout }: Around,
  watched: Watched,
): Promise<number> {
  const { settings, operands, problems } = gather('animate', args, machine.environment);
  const output = settings.text('output');
  const found = runAndPng('animate', { operands, output, settings });
  refuseAny([...problems, ...found]);
  const animate = await tools.animate();
  const [frames, fps] = [settings.number('frames')!, settings.number('fps')!];
  await animate({ run: operands[0], frames, fps, output: output! }, watched);
  stdout.write(`${output!}\n`);
  return EXIT_DONE;
}

/** @throws ConfigError with every problem of the command line, and what the export throws. */
export async function exportFromArgs(args: readonly string[], { machine, tools, stdout }: Around): Promise<number> {
  const { settings, operands, problems } = gather('export', args, machine.environment);
  const [format, output] = [settings.text('format'), settings.text('output')];
  const missing = (['format', 'output'] as const).flatMap((name): Problem[] => {
    if (settings.text(name) !== null || !settings.areSound(name)) return [];
    const shows = name === 'format' ? 'tfjs, safetensors, onnx or html' : 'PATH';
    return [{ code: 'missing-flag', sentence: `export needs --${name} ${shows}` }];
  });
  refuseAny([...problems, ...runProblems('export', operands), ...missing]);
  const run = await tools.export();
  await run({
    run: operands[0],
    format: format as ExportFormat,
    output: output!,
    backend: settings.text('backend') as BackendChoice,
    task: settings.text('task'),
  });
  stdout.write(`${output!}\n`);
  return EXIT_DONE;
}

/** What is wrong with the one operand, or with the file that an animation goes to. */
function runAndPng(
  command: string,
  { operands, output, settings }: Pick<ReturnType<typeof gather>, 'operands' | 'settings'> & { output: string | null },
): Problem[] {
  const found = runProblems(command, operands);
  if (output === null && settings.areSound('output')) {
    found.push({ code: 'missing-flag', sentence: `${command} needs --output FILE.png` });
  }
  if (output !== null && !/\.a?png$/i.test(output)) {
    const sentence = `${settings.label('output')} must end in .png for ${command}, but is ${quoted(output)}`;
    found.push({ code: 'output-kind', sentence });
  }
  return found;
}
