/**
 * Repeats the process tests, to show that none is flaky: `npm run test:repeat -- TIMES [PATTERN]`. Prints each test with
 * its passes, failures and durations; exit code 1 if anything failed or was skipped in any round, or nothing ran.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { root } from './build.mjs';

const [times, ...patterns] = process.argv.slice(2);
const rounds = Number(times);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error('test:repeat takes the number of rounds, 1 or more, and what names of test files hold');
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), 'gradcast-repeat-'));
const tests = new Map();
let badRounds = 0;
try {
  for (let round = 1; round <= rounds; round++) {
    const started = Date.now();
    const report = await runOnce(join(folder, `${round}.json`));
    const bad = report.success ? gather(report) : gather(report) || 1;
    if (bad > 0) badRounds++;
    console.log(`round ${round} of ${rounds}: ${bad} bad, ${((Date.now() - started) / 1000).toFixed(0)} s`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
printTable();
if (tests.size === 0) console.log('no test ran');
else console.log(`${rounds - badRounds} of ${rounds} rounds clean`);
process.exit(badRounds === 0 && tests.size > 0 ? 0 : 1);

/** One round; resolves with vitest's report. What failed is shown by vitest itself. */
async function runOnce(outputFile) {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=json', `--outputFile=${outputFile}`];
  const child = spawn(process.execPath, [vitest, 'run', '--project', 'process', ...reporters, ...patterns], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve));
  const text = await readFile(outputFile, 'utf8').catch(() => '{"success":false,"testResults":[]}');
  return JSON.parse(text);
}

/** Adds a round to the table. @returns how many tests did not pass. */
function gather({ testResults }) {
  let bad = 0;
  for (const { name: file, message, assertionResults } of testResults) {
    // A file that cannot be read, or whose preparation failed, has tests that never ran.
    if (message) console.log(`${relative(root, file)}: ${message}`);
    for (const { fullName, status, duration = 0, failureMessages = [] } of assertionResults) {
      const key = `${relative(root, file)}: ${fullName}`;
      const test = tests.get(key) ?? { passed: 0, bad: 0, seconds: [] };
      tests.set(key, test);
      test.seconds.push(duration / 1000);
      if (status === 'passed') test.passed++;
      else {
        test.bad++;
        bad++;
        console.log([key, status, ...failureMessages].join('\n'));
      }
    }
  }
  return bad;
}

function printTable() {
  console.log('\n| test | passed | failed or skipped | median | longest |\n| --- | ---: | ---: | ---: | ---: |');
  for (const [name, { passed, bad, seconds }] of tests) {
    const sorted = [...seconds].sort((a, b) => a - b);
    const [median, longest] = [sorted[sorted.length >> 1], sorted.at(-1)].map((value) => `${value.toFixed(1)} s`);
    console.log(`| ${name} | ${passed} | ${bad} | ${median} | ${longest} |`);
  }
}
