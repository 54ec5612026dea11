/** Attacks by what a worker says of itself, by leases that it holds, by what it makes the coordinator keep for it. */
import { Attacker } from './attacker.ts';
import type { Disguise } from './attacker.ts';
import { ended, expectAll, tally } from './target.ts';
import type { Attack, Target } from './target.ts';

const HOARDERS = 16;
const PROFILES = 330;
const AT_ONCE = 10;
/** More than the port's budgets for a run of the usual size. */
const STORM = 4000;
const SNAPSHOTS = 300;

/** How connections stand, or ended. */
function endings(attackers: readonly Attacker[], target: Target): Promise<string[]> {
  return Promise.all(attackers.map(({ gone }) => Promise.race([gone, ended(target).then(() => 'stayed')])));
}

/** As many facts as a profile holds, each as long as may be. */
function crafted(index: number): Disguise {
  const facts = Array.from({ length: 24 }, (_, i) => [`fact${i}`, `${index}-${i}`.padEnd(120, 'x')] as const);
  return { profile: Object.fromEntries(facts), probe: index.toString(16).padStart(64, '0'), name: `crafted-${index}` };
}

export const claims: readonly Attack[] = [
  {
    name: 'a made-up profile comes first, --exact',
    flags: '--exact',
    isFirst: true,
    play: async (target) => {
      const attackers = [
        await Attacker.join(target, { profile: { backend: 'wasm', features: 'of my own' } }),
        await Attacker.join(target, { backend: 'tensorflow', profile: { backend: 'tensorflow' } }),
      ];
      return expectAll(await endings(attackers, target), 'profile-unverifiable');
    },
  },
  {
    name: 'probeMs 1e15, then the trial leaf is held',
    play: async (target) => {
      const attacker = await Attacker.join(target, { probeMs: 1e15 });
      let leases = 0;
      attacker.onMessage = ({ message }) => (leases += message.type === 'lease' ? 1 : 0);
      const [ending] = await endings([attacker], target);
      if (leases === 0) throw new Error(`it was never given a leaf (${ending})`);
      return `${leases} leases held, ${ending}`;
    },
  },
  {
    name: '330 crafted profiles join and hang up',
    play: async (target) => {
      let joined = 0;
      for (let index = 0; index < PROFILES && !target.over.aborted; index += AT_ONCE) {
        const each = Array.from({ length: AT_ONCE }, async (_, i) => {
          const attacker = await Attacker.join(target, crafted(index + i));
          await attacker.say({ type: 'leave', incarnation: attacker.incarnation, reason: 'done here' });
          attacker.socket.terminate();
          await attacker.gone;
          joined += 1;
        });
        await Promise.allSettled(each);
      }
      if (joined === 0) throw new Error('not one joined');
      return `${joined} joined`;
    },
  },
  {
    name: '16 join and never read their snapshot',
    isFirst: true,
    play: async (target) => {
      const hoarders = await Promise.all(
        Array.from({ length: HOARDERS }, async () => {
          const attacker = await Attacker.open(target);
          attacker.hello();
          const { incarnation } = await attacker.next('welcome');
          attacker.socket.pause();
          await attacker.say({ type: 'ready', incarnation, probe: '5a'.repeat(32), probeMs: 1 });
          return attacker;
        }),
      );
      return `${hoarders.length} joined`;
    },
  },
  {
    name: 'applied beyond what was sent',
    play: async (target) => {
      const attacker = await Attacker.join(target);
      const { incarnation } = attacker;
      await attacker.next('snapshot');
      await attacker.say({ type: 'applied', incarnation, version: Number.MAX_SAFE_INTEGER });
      return tally(await endings([attacker], target));
    },
  },
  {
    name: 'a storm of connections by one holder',
    play: async (target) => {
      const endings: string[] = [];
      while (!target.over.aborted && endings.length < STORM) {
        const each = Array.from({ length: AT_ONCE }, async () => {
          const attacker = await Attacker.open(target);
          attacker.hello({ name: 'storm' });
          const welcomed = attacker.next('welcome').then(() => 'welcomed');
          const ending = await Promise.race([welcomed, attacker.gone]);
          attacker.socket.terminate();
          endings.push(ending);
        });
        await Promise.allSettled(each);
      }
      return tally(endings);
    },
  },
  {
    name: 'snapshots again and again, on new connections',
    play: async (target) => {
      let snapshots = 0;
      while (!target.over.aborted && snapshots < SNAPSHOTS) {
        const each = Array.from({ length: AT_ONCE }, async (_, i) => {
          const attacker = await Attacker.join(target, { name: `greedy-${i}` });
          await attacker.next('snapshot');
          attacker.socket.terminate();
          snapshots += 1;
        });
        await Promise.allSettled(each);
      }
      return `${snapshots} snapshots`;
    },
  },
  {
    name: 'resync without end',
    play: async (target) => {
      const attacker = await Attacker.join(target);
      const { incarnation } = attacker;
      attacker.onMessage = ({ message }) => {
        if (message.type !== 'snapshot') return;
        void attacker.say({ type: 'resync', incarnation, version: 0, fingerprint: '00'.repeat(16) });
      };
      return tally(await endings([attacker], target));
    },
  },
];
