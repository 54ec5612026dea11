/** Attacks by volunteers: whoever has their credential can do no more than be found out. */
import { encodeFrame } from '@gradcast/protocol';
import { Attacker } from './attacker.ts';
import { Liar } from './liar.ts';
import { lie, likeThem, plausible, together } from './results.ts';
import { ended, expectAll, tally } from './target.ts';
import type { Attack, Target } from './target.ts';

const HOLDERS = 8;
const FLOOD = 20_000;

/** Members that answer pings and nothing else. */
function holders(target: Target): Promise<Attacker[]> {
  return Promise.all(Array.from({ length: HOLDERS }, (_, i) => Attacker.join(target, { name: `holder-${i}` })));
}

async function held(target: Target): Promise<string> {
  const attackers = await holders(target);
  let leases = 0;
  for (const attacker of attackers) {
    attacker.onMessage = ({ message }) => (leases += message.type === 'lease' ? 1 : 0);
  }
  await ended(target);
  return `${attackers.length} held ${leases} leases`;
}

const AS_VOLUNTEER = { as: 'volunteer', honest: 2 } as const;

export const volunteers: readonly Attack[] = [
  {
    name: 'a volunteer that lies, the honest profile',
    ...AS_VOLUNTEER,
    play: (target) => lie(target, { gradient: plausible, disguise: likeThem(target) }, { times: 3 }),
  },
  {
    name: 'a volunteer that lies, a made-up profile',
    ...AS_VOLUNTEER,
    play: (target) => lie(target, { gradient: plausible }, { times: 3 }),
  },
  {
    name: 'two volunteers who agree',
    ...AS_VOLUNTEER,
    play: (target) => together(target, { gradient: plausible, disguise: likeThem(target) }, 2),
  },
  {
    name: 'a volunteer of NaN',
    ...AS_VOLUNTEER,
    play: (target) => lie(target, { gradient: (vector) => vector.fill(NaN), disguise: likeThem(target) }, { times: 3 }),
  },
  {
    name: 'a volunteer that lies and hangs up',
    ...AS_VOLUNTEER,
    play: (target) => lie(target, { gradient: plausible, disguise: likeThem(target), hangsUp: true }, { times: 3 }),
  },
  { name: `${HOLDERS} volunteers hold what they are leased`, ...AS_VOLUNTEER, play: held },
  { name: `${HOLDERS} volunteers come before anybody else`, as: 'volunteer', isFirst: true, play: waiting },
  {
    name: 'a volunteer floods with pings',
    as: 'volunteer',
    play: async (target) => {
      const attacker = await Attacker.join(target);
      const ping = encodeFrame({ type: 'ping', incarnation: attacker.incarnation, id: 1 });
      for (let i = 0; i < FLOOD && attacker.socket.readyState === attacker.socket.OPEN; i++) await attacker.raw(ping);
      return expectAll([await attacker.gone], 'too-many-messages');
    },
  },
  {
    name: 'a volunteer sends what it was not asked for',
    as: 'volunteer',
    play: async (target) => {
      const liar = await Liar.join(target, {
        gradient: plausible,
        disguise: likeThem(target),
        instead: (result) => ({ ...result, lease: result.lease + 1000 }),
      });
      return tally([await Promise.race([liar.attacker.gone, ended(target).then(() => 'stayed')])]);
    },
  },
];

/** They are there when honest workers come, and compute nothing until then. */
async function waiting(target: Target): Promise<string> {
  const attackers = await holders(target);
  const leased = attackers.map(({ socket }) => socket.readyState === socket.OPEN);
  return `${leased.filter(Boolean).length} waited`;
}
