import { describe, expect, it } from 'vitest';
import { run } from './command.ts';

describe('run', () => {
  it('keeps the token from the program', async () => {
    const env = {
      ...process.env,
      GRADCAST_TOKEN: 'a secret of the run',
      GRADCAST_TOKEN_FILE: '/run/secrets/token',
      GRADCAST_CACHE: '/c',
    };
    const program = `process.stdout.write(JSON.stringify(Object.keys(process.env).filter((name) => /^GRADCAST/.test(name))))`;
    const { stdout } = await run(process.execPath, ['-e', program], { env });
    expect(JSON.parse(stdout)).toEqual(['GRADCAST_CACHE']);
  });
});
