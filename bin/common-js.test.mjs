import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { forNode } from './build.mjs';
import { packagesOutside, requiredPaths } from './common-js.mjs';

/** The bundle of one file that nothing else of Gradcast is in. */
async function bundle(contents, isBundled = () => false) {
  const { outputFiles, metafile } = await build({
    ...forNode,
    stdin: { contents, resolveDir: import.meta.dirname },
    write: false,
    metafile: true,
    logLevel: 'silent',
    plugins: [packagesOutside(isBundled)],
  });
  return { text: outputFiles[0].text, ...Object.values(metafile.outputs)[0] };
}

describe('packages outside a bundle', () => {
  it('are required where they are CommonJS, imported where they are not', async () => {
    const imports = "import { Packr } from 'msgpackr/pack'; import pino from 'pino'; import { WebSocket } from 'ws';";
    const made = await bundle(
      `${imports} import { join } from 'node:path'; console.log(Packr, pino, WebSocket, join);`,
    );
    expect(requiredPaths(made)).toEqual(['pino', 'ws']);
    const imported = made.imports.filter(({ external }) => external).map(({ path }) => path);
    expect(imported.sort()).toEqual(['msgpackr/pack', 'node:path']);
    expect(made.text).toContain('requirePackage("pino")');
  });

  it('are left alone where they are loaded when asked for', async () => {
    const made = await bundle("console.log(await import('pino'));");
    expect(requiredPaths(made)).toEqual([]);
    expect(made.imports).toMatchObject([{ path: 'pino', external: true }]);
  });

  it('are not loaded for what nobody uses', async () => {
    const made = await bundle("import { Packr } from 'msgpackr/pack'; import pino from 'pino'; console.log(1);");
    expect(made.text).not.toMatch(/pino|msgpackr/);
  });

  it('are refused where CommonJS is imported for what loading it does', async () => {
    await expect(bundle("import 'pino';")).rejects.toThrow('no side effects');
  });

  it('may be inside all the same', async () => {
    const made = await bundle("import * as z from 'zod'; console.log(z.string());", (name) => name === 'zod');
    expect(made.imports.filter(({ path }) => path === 'zod')).toEqual([]);
    const inside = Object.keys(made.inputs).filter((file) => /\/zod\//.test(file));
    // Half of the package is translations of its messages.
    expect(inside.map((file) => /\/locales\/\w+/.exec(file)?.[0]).filter(Boolean)).toEqual(['/locales/en']);
  });
});
