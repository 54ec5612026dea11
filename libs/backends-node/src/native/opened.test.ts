import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeInstallation, type FakeInstallation } from './fake-libraries.ts';
import { checkOpened, unfound } from './opened.ts';
import { WHEEL_SETS } from './wheels.ts';

const env = { PATH: process.env['PATH'] };

/** Each library is compiled and loaded for real, so this works where libraries are named as on Linux. */
describe.runIf(process.platform === 'linux')('checkOpened', () => {
  let fake: FakeInstallation;
  beforeAll(async () => {
    fake = await fakeInstallation();
  }, 60_000);
  afterAll(() => fake.remove());

  it('is content when each name gives the library that was loaded for it', async () => {
    await checkOpened(fake.paths.folder, fake.set, { env });
  });

  it('tells the words of the loader when one does not load before what it needs', async () => {
    const set = { ...fake.set, opens: [...fake.set.opens].reverse() };
    await expect(checkOpened(fake.paths.folder, set, { env })).rejects.toMatchObject({
      code: 'native-load-failed',
      message: expect.stringContaining(`${basename(set.opens[1])}: cannot open shared object file`) as string,
    });
  });

  it('names a library that the wheels do not have', async () => {
    const set = { ...fake.set, opens: [...fake.set.opens, 'nvidia/none/lib/libnone.so.1'] };
    await expect(checkOpened(fake.paths.folder, set, { env })).rejects.toMatchObject({
      code: 'native-load-failed',
      message: expect.stringContaining('libnone.so.1') as string,
    });
  });

  it('names a library that loads, but not under the name that TensorFlow asks for', async () => {
    const other = 'nvidia/other/lib/libother.so.1';
    await fake.compile('nvidia/other/lib/libelse.so.1', 'extern "C" int other() { return 1; }\n');
    await fake.compile(other, '', ['-Wl,-soname,libelse.so.2']);
    const set = { ...fake.set, opens: [other] };
    await expect(checkOpened(fake.paths.folder, set, { env })).rejects.toMatchObject({
      message: 'TensorFlow does not get libother.so.1',
    });
  });

  it('asks nothing of an installation for the processor', async () => {
    await checkOpened(`${fake.paths.folder}/none`, WHEEL_SETS[0], { env });
  });
});

describe('unfound', () => {
  it('tells a name that gives nothing, and one that gives another file', () => {
    const loaded: Record<string, string> = { 'liba.so.1': '/n/a/liba.so.1', 'libb.so.2': '/usr/lib/libb.so.2' };
    const paths = ['/n/a/liba.so.1', '/n/b/libb.so.2', '/n/c/libc.so.3'];
    expect(unfound(paths, (name) => loaded[name])).toEqual([
      'libb.so.2 (/usr/lib/libb.so.2 is loaded instead)',
      'libc.so.3',
    ]);
    expect(unfound(paths, basename)).toEqual([]);
  });
});
