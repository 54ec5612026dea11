/**
 * A real coordinator and real honest workers, and one or more attacks on them. Every attack is held against the same run
 * undisturbed: the hashes, the time from its first step on, the coordinator's most memory.
 */
import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashesOf, readSummary, runsIn, Workbench } from '@gradcast/testing';
import type { GradcastProcess } from '@gradcast/testing';
import { learn } from './learn.ts';
import type { Attack, HonestProfile } from './target.ts';

const TERMS = { preset: 'dcgan', seed: 3, microBatchSize: 16, microBatches: 4 };
const NUMBERS = '--preset dcgan --seed 3 --global-batch 64 --micro-batches 4 --no-samples --log-interval 1 --json';
const TOKEN = 'attack-token-0123456789';
const VOLUNTEERS_TOKEN = 'volunteers-token-0123456789';
/** Of a run that volunteers attack: {@link TOKENS} has both tokens. */
const TOKENS = 'tokens';
const LOOK_MS = 200;
/** How long an attack may hold a run up, once and for good, before it is said to have stopped it. */
const PATIENCE_SECONDS = 150;
/** Control characters but the ends of lines, and whatever turns the direction of writing. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

export interface Ran {
  readonly seconds: number;
  readonly megabytes: number;
  readonly hashes: string;
}

export interface Outcome {
  readonly attack: string;
  /** What became of the attackers, or why it was not played. */
  readonly seen: string;
  /** Undefined if the run withstood it. */
  readonly failure: string | undefined;
  readonly extraSeconds: number | undefined;
  readonly megabytes: number;
}

export class Stage {
  readonly #bench: Workbench;
  readonly #backend: string;
  readonly #steps: number;
  readonly #undisturbed = new Map<string, Ran>();
  #honest: HonestProfile | undefined;
  #plays = 0;

  private constructor(bench: Workbench, { backend, steps }: { backend: string; steps: number }) {
    this.#bench = bench;
    this.#backend = backend;
    this.#steps = steps;
  }

  static async create(options: { backend: string; steps: number }): Promise<Stage> {
    const bench = await Workbench.create();
    await writeFile(bench.path(TOKENS), `honest trusted ${TOKEN}\nvisitor volunteer ${VOLUNTEERS_TOKEN}\n`);
    return new Stage(bench, options);
  }

  close(): Promise<void> {
    return this.#bench.remove();
  }

  /** Plays attacks on one run, all of them at the same time. Never throws because of what they did. */
  async play(attacks: readonly Attack[]): Promise<Outcome> {
    const [attack] = attacks.map(({ name }) => name);
    const name = attacks.length === 1 ? attack : `${attacks.length} attacks on one run`;
    const tokens = attacks.some(({ as }) => as === 'volunteer') ? [`--token-file ${TOKENS}`] : [];
    const flags = [...tokens, ...attacks.flatMap((each) => each.flags ?? [])].join(' ');
    const honest = Math.max(...attacks.map((each) => each.honest ?? 1));
    const reference = await this.#reference(flags, honest);
    const answers: string[] = [];
    const peak = { megabytes: 0 };
    try {
      const ran = await this.#run({ attacks, flags, honest, answers, peak });
      const mustMatch = attacks.every(({ keeps }) => keeps !== 'life');
      const failure = mustMatch && ran.hashes !== reference.hashes ? 'the run ended with other bits' : undefined;
      const extraSeconds = ran.seconds - reference.seconds;
      return { attack: name, seen: answers.join('; '), failure, extraSeconds, megabytes: ran.megabytes };
    } catch (error) {
      const failure = (error as Error).message.split('\n')[0];
      return { attack: name, seen: answers.join('; '), failure, extraSeconds: undefined, ...peak };
    } finally {
      await this.#bench.endProcesses();
    }
  }

  async #reference(flags: string, honest: number): Promise<Ran> {
    const key = `${flags.trim()} ${honest}`;
    const known = this.#undisturbed.get(key);
    if (known) return known;
    const ran = await this.#run({ attacks: [], flags, honest, answers: [], peak: { megabytes: 0 } });
    this.#undisturbed.set(key, ran);
    return ran;
  }

  async #run({ attacks, flags, honest, answers, peak }: Play): Promise<Ran> {
    if (attacks.length > 0) this.#honest ??= await learn(TERMS, (url) => this.#worker(url, 'model'));
    const out = `run-${++this.#plays}`;
    const args = `coordinator ${NUMBERS} --steps ${this.#steps} --out ${out} --port 0 --metrics-port 0 ${flags}`;
    const coordinator = this.#bench.start(args.trim().split(/ +/), { GRADCAST_TOKEN: TOKEN });
    const { url, metricsUrl } = await coordinator.event('listening');
    const watch = watchMemory(coordinator.child('coordinator').pid, peak);
    const over = new AbortController();
    // Hundreds of attackers wait for it.
    setMaxListeners(0, over.signal);
    const closes: (() => void)[] = [];
    const closeLater = (close: () => void) => void closes.push(close);
    const target = { url, metricsUrl, honest: this.#honest!, over: over.signal, closeLater };
    const play = async (each: Attack) => {
      const token = each.as === 'volunteer' ? VOLUNTEERS_TOKEN : TOKEN;
      answers.push(await within(PATIENCE_SECONDS, each.play({ ...target, token })));
    };
    try {
      for (const each of attacks.filter(({ isFirst }) => isFirst)) await play(each);
      for (let i = 1; i <= honest; i++) this.#worker(url, `honest-${i}`);
      await coordinator.step(1, PATIENCE_SECONDS);
      const since = performance.now();
      const ending = coordinator.ended(PATIENCE_SECONDS).finally(() => over.abort());
      await Promise.all([ending, ...attacks.filter(({ isFirst }) => !isFirst).map(play)]);
      const seconds = (performance.now() - since) / 1000;
      const { code } = await ending;
      if (code !== 0) throw new Error(`the coordinator ended with ${code}: ${lastLine(coordinator)}`);
      return { seconds, megabytes: peak.megabytes, hashes: await this.#sound(out, coordinator) };
    } finally {
      clearInterval(watch);
      over.abort();
      for (const close of closes) close();
    }
  }

  /** @returns both hashes. @throws Error unless the run is complete, proven by its ledger, and its words are printable. */
  async #sound(out: string, { output }: GradcastProcess): Promise<string> {
    const [run] = await runsIn(this.#bench.path(out));
    const summary = await readSummary(run);
    if (summary.status !== 'completed') throw new Error(`the run is ${summary.status}`);
    const verified = await this.#bench.run(['verify', run]);
    if (verified.code !== 0) throw new Error(`the ledger proves nothing: ${verified.stderr}`);
    const words = `${output}${await readFile(join(run, 'ledger.jsonl'), 'utf8')}`;
    if (UNPRINTABLE.test(words.replaceAll('\n', ''))) throw new Error('control characters were printed');
    return JSON.stringify(hashesOf(summary));
  }

  #worker(url: string, name: string): GradcastProcess {
    const args = `worker --coordinator ${url} --backend ${this.#backend} --name ${name} --metrics-port 0`;
    return this.#bench.start(args, { GRADCAST_TOKEN: TOKEN });
  }
}

interface Play {
  readonly attacks: readonly Attack[];
  readonly flags: string;
  readonly honest: number;
  readonly answers: string[];
  readonly peak: { megabytes: number };
}

/** @throws Error if it takes longer. */
async function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the attack was not done after ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function lastLine({ output }: GradcastProcess): string {
  return output.trimEnd().split('\n').at(-1) ?? '';
}

/** Most memory of a process so far, where the system says it (Linux). */
function watchMemory(pid: number, peak: { megabytes: number }): NodeJS.Timeout {
  return setInterval(() => {
    try {
      const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
      if (found) peak.megabytes = Math.round(Number(found[1]) / 1024);
    } catch {
      // It has ended, or this system says nothing.
    }
  }, LOOK_MS);
}
