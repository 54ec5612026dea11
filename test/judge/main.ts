/**
 * Makes a judge's file from a finished run of the preset `classifier`: `npm run judge -- RUN FILE.safetensors`. It prints the
 * digest that libs/judge/src/judges.ts must have. docs/quality.md has the commands of the judges that are shipped.
 */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { loadCheckpoint } from '@gradcast/checkpoint';
import { encodeWeights } from '@gradcast/judge';

const given = process.argv.slice(2);
const [run, file] = given;
if (given.length !== 2) {
  process.stderr.write('judge: RUN and FILE.safetensors are needed\n');
  process.exit(2);
}
const { checkpoint } = await loadCheckpoint(run);
const { preset, seed, dataset } = checkpoint.info.config as Readonly<Record<'preset' | 'dataset', string>> & {
  readonly seed: number;
};
const { step } = checkpoint.info;
const bytes = encodeWeights(checkpoint, { preset, seed: `${seed}`, steps: `${step}`, dataset });
await writeFile(file, bytes);
process.stdout.write(`${createHash('sha256').update(bytes).digest('hex')}  ${file}  (${bytes.length} bytes)\n`);
