/**
 * The types of the installed package: the declarations that an entry needs, and no more. A name that comes through the index
 * of a library is taken from the file that declares it, so what else the library has stays out.
 */
import { posix, relative, sep } from 'node:path';
import ts from 'typescript';
import { root } from './build.mjs';

const OPTIONS = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
  types: ['node'],
  strict: true,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  declaration: true,
  emitDeclarationOnly: true,
  skipLibCheck: true,
  // By way of node_modules they would be somebody else's, of which nothing is emitted.
  paths: { '@gradcast/*': [posix.join(root, 'libs/*/src/index.ts')] },
};

/**
 * @param entry path of a source from the root, with slashes.
 * @param instead declarations that stand for those of a source, by its path from the root.
 * @returns texts by file name, `PACKAGE/FILE.d.ts`; the entry's is first.
 * @throws Error if a file has a syntax error or a name cannot be found.
 */
export function declarationsOf(entry, instead = {}) {
  const program = ts.createProgram([posix.join(root, entry)], { ...OPTIONS, noEmitOnError: false });
  const checker = program.getTypeChecker();
  const made = new Map();
  const waiting = [program.getSourceFile(posix.join(root, entry))];
  for (let source = waiting.pop(); source; source = waiting.pop()) {
    const name = outputName(source.fileName);
    if (made.has(name)) continue;
    const text = instead[fromRoot(source.fileName)] ?? emitted(program, source);
    made.set(
      name,
      withResolvedImports(text, (statement) => {
        const found = declaringFiles(checker, source, statement);
        waiting.push(...found.keys());
        const from = posix.dirname(name);
        return new Map([...found].map(([file, names]) => [specifier(from, outputName(file.fileName)), names]));
      }),
    );
  }
  return made;
}

function emitted(program, source) {
  let text;
  const { diagnostics } = program.emit(source, (_, written) => (text = written), undefined, true);
  if (text === undefined || diagnostics.length > 0) {
    const reasons = diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
    throw new Error(`no declarations of ${source.fileName}: ${reasons.join('; ')}`);
  }
  return text;
}

/** Rewrites each import and re-export of this repository's own files; those of npm packages stay. */
function withResolvedImports(text, resolve) {
  const file = ts.createSourceFile('x.d.ts', text, ts.ScriptTarget.ES2022, true);
  let result = text;
  for (const statement of [...file.statements].reverse()) {
    if (!(ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement))) continue;
    const path = statement.moduleSpecifier?.text;
    if (path === undefined || !/^(\.|@gradcast\/)/.test(path)) continue;
    const bindings = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : statement.exportClause;
    if (!bindings?.elements) throw new Error(`only names can be taken from ${path}: ${statement.getText()}`);
    const wanted = bindings.elements.map(({ name, propertyName }) => {
      return { name: (propertyName ?? name).text, as: name.text };
    });
    const lines = [...resolve({ path, wanted })].map(([from, names]) => {
      const list = names.map(({ name, as }) => (name === as ? name : `${name} as ${as}`));
      const isValue = ts.isExportDeclaration(statement) && !statement.isTypeOnly;
      return `${ts.isExportDeclaration(statement) ? 'export' : 'import'} ${isValue ? '' : 'type '}{ ${list.join(', ')} } from '${from}';`;
    });
    result = result.slice(0, statement.getStart()) + lines.join('\n') + result.slice(statement.end);
  }
  if (/import\("(\.|@gradcast)/.test(result))
    throw new Error('a declaration names a file of this repository in passing');
  return result;
}

/** Which files declare the names that are taken from a module. */
function declaringFiles(checker, source, { path, wanted }) {
  const statement = source.statements.find(
    (each) => (ts.isImportDeclaration(each) || ts.isExportDeclaration(each)) && each.moduleSpecifier?.text === path,
  );
  const module = statement && checker.getSymbolAtLocation(statement.moduleSpecifier);
  const exported = module ? checker.getExportsOfModule(module) : [];
  const files = new Map();
  for (const { name, as } of wanted) {
    let symbol = exported.find((each) => each.name === name);
    if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
    const file = symbol?.declarations?.[0].getSourceFile();
    if (!file) throw new Error(`${source.fileName} takes ${name} from ${path}, which does not have it`);
    files.set(file, [...(files.get(file) ?? []), { name: symbol.name, as }]);
  }
  return files;
}

/** `libs/config/src/run-config.ts` becomes `config/run-config.d.ts`. */
function outputName(file) {
  const [, library, , ...rest] = fromRoot(file).split('/');
  return posix.join(library, ...rest).replace(/\.ts$/, '.d.ts');
}

function fromRoot(file) {
  return relative(root, file).replaceAll(sep, '/');
}

function specifier(from, to) {
  const path = posix.relative(from, to).replace(/\.d\.ts$/, '.js');
  return path.startsWith('.') ? path : `./${path}`;
}
