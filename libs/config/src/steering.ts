/** Whether people may steer a run from its page, and that there is somebody who may. */
import { isLoopback } from '@gradcast/protocol';
import { type Problem, quoted } from './problem.ts';
import type { CredentialSecret } from './process-messages.ts';
import type { CoordinatorConfig } from './run-config.ts';
import type { Settings } from './settings.ts';

/**
 * Whether nobody but this machine reaches the coordinator's port: no other address is listened on, and no proxy that is known of
 * passes others on.
 */
export function isForThisMachine({
  host,
  trustedProxies,
  join,
}: Pick<CoordinatorConfig, 'host' | 'trustedProxies' | 'join'>): boolean {
  return isLoopback(host) && trustedProxies.length === 0 && (join?.url ?? null) === null;
}

/** Adds what is wrong with `--steer` to `problems`. @param credentials undefined where those given cannot be read. */
export function steeringOf(
  settings: Settings,
  place: Pick<CoordinatorConfig, 'host' | 'trustedProxies' | 'join'>,
  { credentials, problems }: { credentials: readonly CredentialSecret[] | null | undefined; problems: Problem[] },
): boolean {
  const isOn = settings.isOn('steer');
  if (!isOn) return false;
  if (settings.isOn('no-page')) {
    const sentence = `${settings.label('steer')} is about the page that ${settings.label('no-page')} leaves out: give one`;
    problems.push({ code: 'steer-page', sentence });
  }
  const isKnown = credentials !== undefined && settings.areSound('host', 'token-file', 'trusted-proxies', 'join-url');
  const hasOperator = (credentials ?? []).some(({ role }) => role === 'operator');
  if (isKnown && !hasOperator && !isForThisMachine(place)) {
    const where = isLoopback(place.host)
      ? 'behind a proxy'
      : `beyond this machine (${settings.label('host')} ${quoted(place.host)})`;
    const sentence = `${settings.label('steer')} ${where} needs an operator: a line NAME operator SECRET in --token-file`;
    problems.push({ code: 'steer-operator', sentence });
  }
  return true;
}
