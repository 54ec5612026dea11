/** Looks at the folders and files a run is to use, before anything is started or written. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Problem, quoted } from './problem.ts';
import type { Settings } from './settings.ts';

/** What is wrong with --data, --out and --resume. Writes nothing. */
export function checkPaths(settings: Settings): Problem[] {
  const problems: Problem[] = [];
  const data = settings.text('data');
  if (data !== null && !isFolder(data)) {
    problems.push({
      code: 'data-missing',
      sentence: `${settings.label('data')} names ${quoted(data)}, which is no folder`,
    });
  }
  const resume = settings.text('resume');
  if (resume !== null && resume !== 'auto' && kindOf(resume) === null) {
    const sentence = `${settings.label('resume')} names ${quoted(resume)}, which does not exist`;
    problems.push({ code: 'resume-missing', sentence });
  }
  const out = outProblem(settings.text('out')!, settings.label('out'));
  return out ? [...problems, out] : problems;
}

/** The folder or, where it does not exist yet, its nearest ancestor must be a folder that can be written. */
function outProblem(out: string, label: string): Problem | null {
  let place = resolve(out);
  while (kindOf(place) === null && dirname(place) !== place) place = dirname(place);
  if (kindOf(place) === 'other') {
    const which = place === resolve(out) ? 'which is not a folder' : `but ${quoted(place)} is not a folder`;
    return { code: 'out-not-a-folder', sentence: `${label} names ${quoted(out)}, ${which}` };
  }
  try {
    accessSync(place, constants.W_OK | constants.X_OK);
    return null;
  } catch {
    return { code: 'out-not-writable', sentence: `${label} names ${quoted(out)}, where this user may not write` };
  }
}

function isFolder(path: string): boolean {
  return kindOf(path) === 'folder';
}

/** Null for what does not exist. A path through a file counts as not existing; its parent is looked at next. */
function kindOf(path: string): 'folder' | 'other' | null {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'other';
  } catch {
    return null;
  }
}
