/**
 * Tries the README's two commands as machines of several kinds meet them: `npm run test:fresh -- [--what demo|test|both]
 * [--only NAME,NAME] [--demo-seconds N]`. Each case clones the last commit into an empty folder, with empty caches and a home
 * of its own. Linux; other users, mounts and the core's number need root. Prints a line a case; exit code 1 if one failed.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './build.mjs';
import { refuseWords, wordsOf } from './words.mjs';

const run = promisify(execFile);
/** `nobody` of every Linux distribution. */
const SOMEBODY = 65_534;

/**
 * What a machine may be like. `node` is a major version (null: the one that runs this), `user` another than root, `mounts`
 * shell lines that run in a mount namespace of the case.
 */
const CASES = [
  { name: 'node-20-root', node: 20 },
  { name: 'node-22-root', node: 22 },
  { name: 'node-24-root', node: 24 },
  { name: 'node-20-user', node: 20, user: true },
  { name: 'node-22-user-home-read-only', node: 22, user: true, homeReadOnly: true },
  { name: 'node-24-user', node: 24, user: true },
  {
    name: 'home-read-only-root',
    node: null,
    homeReadOnly: true,
    mounts: ['mount --bind "$HOME" "$HOME"', 'mount -o remount,bind,ro "$HOME"'],
  },
  { name: 'proxy', node: null, proxy: true },
  { name: 'no-dev-shm', node: null, mounts: ['umount -l /dev/shm', 'mount -t tmpfs -o ro,size=4k none /dev/shm'] },
  { name: 'one-core', node: null, cores: '0' },
];

const values = wordsOf('test:fresh', {
  what: { type: 'string', default: 'demo' },
  only: { type: 'string', default: '' },
  'demo-seconds': { type: 'string', default: '30' },
});
const wanted = values.only === '' ? CASES : CASES.filter(({ name }) => values.only.split(',').includes(name));
const commands = commandsOf(values.what);
if (wanted.length === 0 || commands.length === 0) {
  refuseWords(
    'test:fresh',
    `--what takes demo, test or both; --only names of ${CASES.map(({ name }) => name).join(', ')}`,
  );
}
if (process.getuid?.() !== 0) {
  console.error('test:fresh needs root: it becomes other users and mounts folders');
  process.exit(2);
}

const nodes = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gradcast-ci', 'node');
let failures = 0;
for (const each of wanted) for (const command of commands) if (!(await tried(each, command))) failures += 1;
console.log(`${wanted.length * commands.length - failures} passed, ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;

function commandsOf(what) {
  const demo = {
    name: 'demo',
    line: `npm ci && npm run demo -- --no-progress --seconds ${Number(values['demo-seconds'])}`,
  };
  const test = { name: 'test', line: 'npm ci && npm test' };
  return { demo: [demo], test: [test], both: [demo, test] }[what] ?? [];
}

async function tried(machine, { name, line }) {
  const folder = await mkdtemp(join(tmpdir(), 'gradcast-fresh-'));
  const proxy = machine.proxy ? await startProxy() : undefined;
  const since = Date.now();
  try {
    const env = await environment(machine, folder, proxy);
    await run('git', ['clone', '--quiet', root, join(folder, 'checkout')]);
    if (machine.user) await run('chown', ['-R', `${SOMEBODY}:${SOMEBODY}`, folder]);
    await chmod(folder, 0o755);
    if (machine.homeReadOnly && machine.user) {
      await chown(env.HOME, 0, 0);
      await chmod(env.HOME, 0o555);
    }
    const { code, output } = await runIn(machine, { line, env, cwd: join(folder, 'checkout') });
    const seconds = ((Date.now() - since) / 1000).toFixed(0);
    const wrong = code !== 0 ? `exit ${code}` : proxy && proxy.asked.size === 0 ? 'the proxy was not asked' : undefined;
    console.log(`${machine.name} ${name}: ${wrong ?? 'passed'} after ${seconds} s; ${gist(output, name)}`);
    if (proxy) console.log(`    through the proxy: ${[...proxy.asked].map(([host, n]) => `${host} ${n}`).join(', ')}`);
    if (wrong) {
      const log = join(tmpdir(), `gradcast-fresh-${machine.name}-${name}.log`);
      await writeFile(log, output);
      console.log(`    ${log}\n${output.split('\n').slice(-15).join('\n').replaceAll(/^/gm, '    ')}`);
    }
    return !wrong;
  } finally {
    proxy?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The line that tells how it went: the backend that trained, or the tests' count. */
function gist(output, name) {
  const lines = output.trim().split('\n');
  const pattern = name === 'test' ? /^\d+ passed, \d+ failed/ : /^images\/s/;
  return lines.findLast?.((line) => pattern.test(line)) ?? lines.reverse().find((line) => pattern.test(line)) ?? '';
}

async function environment(machine, folder, proxy) {
  const { GRADCAST_CACHE: _cache, GRADCAST_TOKEN: _token, ...ours } = process.env;
  const home = join(folder, 'home');
  await mkdir(home);
  await mkdir(join(folder, 'tmp'));
  const bin = machine.node === null ? undefined : await nodeOf(machine.node);
  // A cache beside a home that cannot be written to is what such machines have.
  const caches = machine.homeReadOnly ? join(folder, 'caches') : join(home, '.cache');
  return {
    ...ours,
    HOME: home,
    TMPDIR: join(folder, 'tmp'),
    XDG_CACHE_HOME: caches,
    npm_config_cache: join(caches, 'npm'),
    PIP_CACHE_DIR: join(caches, 'pip'),
    NX_DAEMON: 'false',
    ...(bin && { PATH: `${bin}:${ours.PATH}` }),
    ...(proxy &&
      Object.fromEntries(['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].map((key) => [key, proxy.url]))),
  };
}

/** Folder with a `node` of a major version, and the npm of this machine. */
async function nodeOf(major) {
  if (process.versions.node.startsWith(`${major}.`)) return undefined;
  const folder = join(nodes, String(major));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  await run('npm', ['install', '--no-audit', '--no-fund', `node-linux-${arch}@${major}`], { cwd: folder });
  // Other users must get there: a folder of root's home would keep them out.
  const open = await mkdtemp(join(tmpdir(), `gradcast-node-${major}-`));
  await run('cp', ['-r', join(folder, 'node_modules', `node-linux-${arch}`, 'bin'), open]);
  await run('chmod', ['-R', 'a+rX', open]);
  process.on('exit', () => void rm(open, { recursive: true, force: true }));
  return join(open, 'bin');
}

async function runIn({ user, cores, mounts = [] }, { line, env, cwd }) {
  const as = user ? ['setpriv', `--reuid=${SOMEBODY}`, `--regid=${SOMEBODY}`, '--clear-groups'] : [];
  const pinned = cores === undefined ? [] : ['taskset', '-c', cores];
  const inner = [...as, ...pinned, 'bash', '-c', line];
  const setUp = [...mounts, 'exec "$@"'].join(' && ');
  const child = spawn('unshare', ['--mount', 'bash', '-c', setUp, 'fresh', ...inner], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const [code] = await once(child, 'close');
  return { code, output };
}

/** A proxy that opens tunnels and counts them; it reaches nothing on this machine, as a real one would not. */
async function startProxy() {
  const asked = new Map();
  const server = createServer((near) => {
    near.once('data', (head) => {
      const [, host, port] = /^CONNECT ([^\s:]+):(\d+) /.exec(String(head)) ?? [];
      asked.set(host ?? 'plain HTTP', (asked.get(host ?? 'plain HTTP') ?? 0) + 1);
      if (!host || /^(127\.|localhost$|::1$)/.test(host)) return near.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      const far = connect(Number(port), host, () => {
        near.write('HTTP/1.1 200 Connection established\r\n\r\n');
        far.pipe(near).pipe(far);
      });
      far.on('error', () => near.destroy());
    });
    near.on('error', () => near.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}`, asked, close: () => server.close() };
}
