/**
 * msgpack in JavaScript. The package's main entry takes strings apart in machine code where an optional package brings it:
 * headers are small and a peer's, so they stay out of that.
 */
import type * as msgpackr from 'msgpackr';
import * as plain from 'msgpackr/pack';

// The types of this entry name no file that the compiler finds; they are those of the main one.
export const { Packr } = plain as unknown as Pick<typeof msgpackr, 'Packr'>;
