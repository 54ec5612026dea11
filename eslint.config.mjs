import nx from '@nx/eslint-plugin';
import { builtinModules } from 'node:module';
import tseslint from 'typescript-eslint';
import { importRules } from './bin/imports.mjs';
import { anyRuntimeLibraries } from './bin/runtimes.mjs';

/** A layer may use itself and those below it; an `any` runtime may not lean on Node. */
const depConstraints = [
  { sourceTag: 'layer:wire', onlyDependOnLibsWithTags: ['layer:wire'] },
  { sourceTag: 'layer:core', onlyDependOnLibsWithTags: ['layer:wire', 'layer:core'] },
  { sourceTag: 'layer:backend', onlyDependOnLibsWithTags: ['layer:wire', 'layer:core', 'layer:backend'] },
  { sourceTag: 'layer:app', onlyDependOnLibsWithTags: ['layer:wire', 'layer:core', 'layer:backend'] },
  // The workspace itself holds the tests that start processes.
  { sourceTag: 'layer:tests', onlyDependOnLibsWithTags: ['*'] },
  ...['wire', 'core', 'backend', 'app'].map((layer) => ({
    sourceTag: `layer:${layer}`,
    notDependOnLibsWithTags: ['tests-only'],
  })),
  { sourceTag: 'runtime:any', onlyDependOnLibsWithTags: ['runtime:any'] },
  { sourceTag: 'runtime:node', onlyDependOnLibsWithTags: ['runtime:any', 'runtime:node'] },
  { sourceTag: 'runtime:browser', onlyDependOnLibsWithTags: ['runtime:any', 'runtime:browser'] },
];

const NOT_EVERYWHERE = 'This runs in browsers, too: take it as an argument, or give the file to a library for Node.';
const NODE_GLOBALS = ['Buffer', 'process', 'global', 'require', 'module', '__dirname', '__filename', 'setImmediate'];

export default tseslint.config(
  { ignores: ['libs/backends-node/tfjs-node/**', '**/dist/**', '**/node_modules/**', 'runs/**', '.nx/**', 'tmp/**'] },
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['vitest.config.ts'] } } },
    rules: {
      '@nx/enforce-module-boundaries': ['error', { depConstraints, allow: [] }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/restrict-plus-operands': ['error', { allowNumberAndString: true }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.test.ts', 'test/**/*.ts'],
    rules: {
      'no-console': 'error',
      // What is for tests only may be used in tests, wherever they lie.
      '@nx/enforce-module-boundaries': ['error', { depConstraints, allow: ['@gradcast/testing'] }],
    },
  },
  {
    files: [...anyRuntimeLibraries().map((name) => `libs/${name}/src/**/*.ts`), 'apps/join/src/**/*.ts'],
    ignores: ['**/*.test.ts', '**/for-tests/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: builtinModules.map((name) => ({ name, message: NOT_EVERYWHERE })),
          patterns: [{ group: ['node:*'], message: NOT_EVERYWHERE }],
        },
      ],
      'no-restricted-globals': ['error', ...NODE_GLOBALS.map((name) => ({ name, message: NOT_EVERYWHERE }))],
    },
  },
  {
    files: ['{apps,libs}/*/src/**/*.ts', 'bench/**/*.ts'],
    plugins: { gradcast: importRules },
    rules: { 'gradcast/imports': 'error' },
  },
  {
    // A benchmark of a part of an app measures what no app exports.
    files: ['bench/**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': ['error', { depConstraints, allow: ['../../apps/**'] }],
    },
  },
  // A configuration file or a task's file is loaded for its default export.
  { files: ['*.config.ts', 'examples/*.ts'], rules: { 'no-restricted-exports': 'off' } },
);
