/** The commands that watch runs: their options, handed to the code that does the work. */
import { didYouMean, gather, quoted } from '@gradcast/config';
import type { Machine, Problem } from '@gradcast/config';
import { EVENT_TYPES } from '@gradcast/watching';
import { refuseAny, runProblems, unexpected } from '../tools.ts';
import type { Tools } from '../tools.ts';
import type { Surroundings } from '../supervise.ts';
import type { Sink } from '../reporter.ts';
import { SYSTEM_CLOCK, untilSignal } from './watching.ts';
import type { Screen, Watching } from './watching.ts';

/** What they need of the world. */
export interface WatchWorld extends Pick<Surroundings, 'onSignal'> {
  readonly machine: Machine;
  readonly stdout: Screen;
  readonly stderr: Sink;
  readonly tools: Pick<Tools, 'watch'>;
  /** Of Gradcast. */
  readonly version: string;
}

type Command = 'runs' | 'top' | 'events' | 'compare' | 'report';

/** So many runs have colours that can be told apart. */
const MOST_COMPARED = 8;

/** @throws ConfigError with every problem of the command line, and what the command throws. */
export function watchFromArgs(command: Command, args: readonly string[], world: WatchWorld): Promise<number> {
  const { onSignal, machine, stdout, stderr, tools } = world;
  const run = prepared(command, args, world);
  return untilSignal(onSignal, async (signal) => {
    const commands = await tools.watch();
    return run(commands, { stdout, stderr, environment: machine.environment, clock: SYSTEM_CLOCK, signal });
  });
}

type Commands = Awaited<ReturnType<Tools['watch']>>;
type Prepared = (commands: Commands, around: Watching) => Promise<number>;

function prepared(command: Command, args: readonly string[], { machine, version }: WatchWorld): Prepared {
  const { environment } = machine;
  const { settings, operands, problems } = gather(command, args, environment);
  const json = settings.isOn('json');
  switch (command) {
    case 'runs': {
      refuseAny([...problems, ...operands.slice(1).map((each) => unexpected(command, each))]);
      const folder = operands.at(0) ?? settings.text('out')!;
      const isNamed = operands.length > 0;
      return ({ runRuns }, around) => runRuns({ folder, isNamed, json }, around);
    }
    case 'top': {
      refuseAny([
        ...problems,
        ...operands.slice(1).map((each) => unexpected(command, each)),
        ...addressProblems(operands),
      ]);
      const request = { of: operands.at(0) ?? null, out: settings.text('out')!, once: settings.isOn('once'), json };
      return ({ runTop }, around) => runTop(request, around);
    }
    case 'events': {
      const written = settings.text('type');
      const types = written?.split(',').map((type) => type.trim()) ?? null;
      refuseAny([...problems, ...runProblems(command, operands), ...typeProblems(types, settings.label('type'))]);
      const [follow, since] = [settings.isOn('follow'), settings.number('since')!];
      const request = { run: operands[0], follow, since, types, json };
      return ({ runEvents }, around) => runEvents(request, around);
    }
    case 'compare': {
      const few: Problem = { code: 'missing-argument', sentence: 'compare needs two runs or more, by their folders' };
      const many: Problem = {
        code: 'unexpected-argument',
        sentence: `compare takes at most ${MOST_COMPARED} runs, but was given ${operands.length}`,
      };
      const found = [...(operands.length < 2 ? [few] : []), ...(operands.length > MOST_COMPARED ? [many] : [])];
      refuseAny([...problems, ...found]);
      const request = { runs: operands, html: settings.text('html'), json };
      return ({ runCompare }, around) => runCompare(request, around);
    }
    case 'report': {
      refuseAny([...problems, ...runProblems(command, operands)]);
      const request = { run: operands[0], output: settings.text('output'), json };
      return ({ runReport }, around) => runReport(request, around, version);
    }
    default:
      return command satisfies never;
  }
}

function addressProblems(operands: readonly string[]): Problem[] {
  const address = operands.at(0) ?? '';
  if (!/^https?:\/\//i.test(address) || URL.canParse(address)) return [];
  return [{ code: 'bad-address', sentence: `top was given ${quoted(address)}, which is no address` }];
}

function typeProblems(types: readonly string[] | null, label: string): Problem[] {
  const unknown = (types ?? []).filter((type) => !EVENT_TYPES.includes(type));
  return unknown.map((type) => ({
    code: 'unknown-choice',
    sentence: `${label} names ${quoted(type)}, which is no type of event${didYouMean(type, EVENT_TYPES)}`,
  }));
}
