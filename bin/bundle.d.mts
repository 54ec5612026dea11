import type { BuildOptions } from 'esbuild';

export function bundleProgram(
  from: Pick<BuildOptions, 'entryPoints' | 'stdin' | 'absWorkingDir'>,
  outfile: string,
): Promise<string>;
