/** Where the program can be run from here, and what each place is asked. */
import { askBrowser, browserProgram, type BrowserName } from './browsers.ts';
import { askNode, emulatorMissing, fetchedNode } from './nodes.ts';
import type { Answer, PresetName, Request } from './steps.ts';

export interface Place {
  readonly name: string;
  /** What it lacks here, as a command that brings it; undefined if nothing. */
  readonly missing: string | undefined;
  /** An emulated processor computes a hundredth as fast: it is asked for fewer steps. */
  readonly slow: boolean;
  ask(request: Request, options: { limitMs: number; onAnswer: (answer: Answer) => void }): Promise<void>;
}

export const PLACE_NAMES = ['node', 'node20', 'node22', 'node24', 'arm64', 'chromium', 'firefox'] as const;
export type PlaceName = (typeof PLACE_NAMES)[number];

export function placeOf(name: PlaceName): Place {
  switch (name) {
    case 'node':
      return nodePlace(`Node ${process.versions.node}, ${process.arch}`, () => Promise.resolve([process.execPath]));
    case 'node20':
    case 'node22':
    case 'node24': {
      const major = Number(name.slice(4));
      return nodePlace(`Node ${major}, x64`, () => fetchedNode(major, 'x64'));
    }
    case 'arm64': {
      const place = nodePlace('Node 22, arm64', () => fetchedNode(22, 'arm64'));
      return { ...place, missing: emulatorMissing(), slow: process.arch !== 'arm64' };
    }
    case 'chromium':
    case 'firefox':
      return browserPlace(name);
    default:
      return name satisfies never;
  }
}

function nodePlace(name: string, command: () => ReturnType<typeof fetchedNode>): Place {
  return {
    name,
    missing: undefined,
    slow: false,
    ask: async (request, options) => askNode(await command(), request, options),
  };
}

function browserPlace(name: BrowserName): Place {
  return {
    name: name === 'chromium' ? 'Chromium' : 'Firefox',
    missing: browserProgram(name) ? undefined : `apt-get install ${name === 'firefox' ? 'firefox-esr' : name}`,
    slow: false,
    ask: (request, options) => askBrowser(name, request, options),
  };
}

export const PRESETS: readonly PresetName[] = ['classic', 'dcgan', 'mnist', 'conditional', 'tutorial'];
