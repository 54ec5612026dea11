import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { optionNamed } from './option-table.ts';
import { readValue } from './option-value.ts';

function read(name: string, written: unknown) {
  const reading = readValue(optionNamed(name)!, written, `--${name}`);
  return 'value' in reading ? reading.value : reading.problem.code;
}

describe('readValue', () => {
  it.each([
    ['steps', '1', 1],
    ['steps', 7, 7],
    ['steps', '0', 'out-of-range'],
    ['steps', '-3', 'out-of-range'],
    ['steps', '2147483648', 'out-of-range'],
    ['steps', '1.5', 'not-a-number'],
    ['steps', '1e3', 'not-a-number'],
    ['steps', 'many', 'not-a-number'],
    ['steps', '', 'empty-value'],
    ['steps', [1], 'bad-text'],
    ['seed', '9007199254740991', 9007199254740991],
    ['seed', '9007199254740992', 'out-of-range'],
    ['micro-batches', '1', 1],
    ['micro-batches', '4096', 4096],
    ['micro-batches', '8192', 'out-of-range'],
    ['micro-batches', '6', 'not-a-power-of-two'],
    ['lr', '1e-4', 1e-4],
    ['lr', '0', 'out-of-range'],
    ['lr', '-1', 'out-of-range'],
    ['lr', 'NaN', 'not-a-number'],
    ['lr', 'Infinity', 'not-a-number'],
    ['lr', '1e39', 'out-of-range'],
    ['lr', '1e-50', 'out-of-range'],
    ['save-seconds', '0.5', 0.5],
    ['save-seconds', '-1', 'out-of-range'],
    ['save-seconds', 'soon', 'not-a-number'],
    ['port', '65535', 65535],
    ['port', '65536', 'out-of-range'],
    ['preset', 'tutorial', 'tutorial'],
    ['preset', 'tutorail', 'unknown-preset'],
    ['backend', 'cpu', 'unknown-choice'],
    ['json', 'yes', true],
    ['json', false, false],
    ['json', 'perhaps', 'bad-switch'],
    ['out', 'a\u0000b', 'bad-text'],
    ['name', 'rack-3.gpu_0', 'rack-3.gpu_0'],
    ['name', 'two words', 'bad-name'],
    ['name', 'n'.repeat(64), 'bad-name'],
    ['coordinator', 'ws://127.0.0.1:7070', 'ws://127.0.0.1:7070'],
    ['coordinator', 'wss://train.example', 'wss://train.example'],
    ['coordinator', 'ws://[::1]:7070', 'ws://[::1]:7070'],
    ['coordinator', 'http://127.0.0.1:7070', 'bad-address'],
    ['coordinator', '127.0.0.1:7070', 'bad-address'],
    ['coordinator', 'ws://user:secret@host:1', 'bad-address'],
    ['coordinator', 'ws://host:1/path', 'bad-address'],
    ['coordinator', 'ws://host:99999', 'bad-address'],
    ['coordinator', 'ws://', 'bad-address'],
  ])('%s %j gives %j', (name, written, expected) => {
    expect(read(name, written)).toBe(expected);
  });

  it.each([
    ['90', 90],
    ['90s', 90],
    ['10m', 600],
    ['1.5h', 5400],
    ['1h30m', 5400],
    ['1D', 86_400],
    ['0.5', 0.5],
  ])('reads %j as so many seconds: %d', (written, seconds) => {
    expect(readValue(optionNamed('for')!, written, '--for')).toEqual({ value: seconds });
  });

  it.each(['10m5m', '30m1h', 'm', '10 m', '1w', 'ten', '-5s', '1h30'])('refuses %j as a length of time', (written) => {
    expect(readValue(optionNamed('for')!, written, '--for')).toMatchObject({ problem: { code: 'bad-time' } });
  });

  it.each(['0', '0s', '366d'])('refuses the time %j, which is too short or too long', (written) => {
    expect(readValue(optionNamed('for')!, written, '--for')).toMatchObject({ problem: { code: 'out-of-range' } });
  });

  it('names the place, the rule, what was written and what was meant, in one sentence', () => {
    expect(readValue(optionNamed('preset')!, 'mnsit', 'GRADCAST_PRESET')).toEqual({
      problem: {
        code: 'unknown-preset',
        sentence:
          'GRADCAST_PRESET must be mnist, conditional, dcgan, classic, tutorial or classifier, but is "mnsit" (did you mean mnist?)',
      },
    });
  });

  it('never throws and never prints control characters', () => {
    fc.assert(
      fc.property(fc.constantFrom('steps', 'lr', 'preset', 'json', 'out', 'coordinator'), fc.string(), (name, text) => {
        const reading = readValue(optionNamed(name)!, text, `--${name}`);

        if ('problem' in reading) expect(reading.problem.sentence).not.toMatch(/[\u0000-\u001f]/);
      }),
    );
  });
});
