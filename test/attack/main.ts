/**
 * `npm run attack -- [--only TEXT] [--backend B] [--steps N]`: plays each attack against a coordinator of its own with one
 * or two honest workers, one after the other, and prints attack x outcome x cost. Exit code 1 unless each is withstood:
 * the run goes on, ends with exit 0 and the undisturbed run's hashes, and `gradcast verify` proves it.
 */
import { refuseWords, wordsOf } from '../../bin/words.mjs';
import { closeOnSignal } from '../chaos/command.ts';
import { catalogue } from './catalogue.ts';
import { Stage } from './stage.ts';
import { HEAD, rowOf } from './table.ts';

const options = {
  only: { type: 'string', default: '' },
  backend: { type: 'string', default: 'wasm' },
  steps: { type: 'string', default: '40' },
} as const;

const say = (line: string) => process.stdout.write(`${line}\n`);

process.exitCode = await main();

async function main(): Promise<number> {
  const { only, backend, steps } = wordsOf('attack', options);
  const attacks = catalogue.filter(({ name }) => name.includes(only));
  if (!(Number(steps) >= 2) || attacks.length === 0) {
    refuseWords('attack', '--steps takes a number from 2, --only a part of an attack’s name');
  }
  const stage = await Stage.create({ backend, steps: Number(steps) });
  closeOnSignal(() => stage.close());
  let withstood = 0;
  try {
    say(HEAD);
    for (const attack of attacks) {
      const outcome = await stage.play([attack]);
      if (outcome.failure === undefined) withstood += 1;
      say(rowOf(outcome));
    }
  } finally {
    await stage.close();
  }
  say(`\n${withstood} of ${attacks.length} withstood`);
  return withstood === attacks.length ? 0 : 1;
}
