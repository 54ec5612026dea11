/** The ways to compute on this runtime. A new one is a folder with its facts, and a line here. */
import { cuda, tensorflow } from '../tensorflow/candidate.ts';
import { wasm } from '../wasm/candidate.ts';
import { webgpu } from '../webgpu/candidate.ts';
import type { CandidateFacts, ProbeReport } from './candidate.ts';

/** By the name that a user asks for, in the order in which `auto` tries them: fastest first. */
const FACTS = { cuda, webgpu, tensorflow, wasm } as const satisfies Record<string, CandidateFacts>;

export type Candidate = keyof typeof FACTS;

/** What a user may ask for. `tensorflow` takes CUDA where it runs, the processor elsewhere. */
export type BackendRequest = 'auto' | Candidate;

/** Tries one candidate; never throws. */
export type Prober = (candidate: Candidate) => Promise<ProbeReport>;

/** Fastest first. */
export const CANDIDATES = Object.keys(FACTS) as readonly Candidate[];

export function factsOf(candidate: Candidate): CandidateFacts {
  return FACTS[candidate];
}

/** The candidates that a request means, in the order in which they are tried. */
export function candidatesFor(request: BackendRequest): readonly Candidate[] {
  if (request === 'auto') return CANDIDATES;
  return request === 'tensorflow' ? ['cuda', 'tensorflow'] : [request];
}
