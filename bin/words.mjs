/** The flags of the repository's own tools: what is no flag of theirs ends them with one sentence and exit code 2. */
import { parseArgs } from 'node:util';

/**
 * @param tool how the tool is called in the sentence.
 * @param options as `parseArgs` takes them, each with its default.
 * @returns the flags' values; does not return if a word is none of them.
 */
export function wordsOf(tool, options) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    const known = Object.entries(options).map(([name, { type, default: usual }]) =>
      type === 'boolean' ? `[--${name}]` : `--${name} ${usual || 'TEXT'}`,
    );
    return refuseWords(tool, `${error.message.split('. ')[0]}; usual: ${known.join(' ')}`);
  }
}

/** Ends a tool whose flags have values that it does not take. */
export function refuseWords(tool, sentence) {
  process.stderr.write(`${tool}: ${sentence}\n`);
  process.exit(2);
}
