/** When a battery is too low to compute from. */

export interface Battery {
  /** In [0, 1]. */
  readonly level: number;
  readonly charging: boolean;
}

const LOW = 0.2;
/** Work goes on a little above, lest it stop and go at one percent. */
const ENOUGH = 0.25;

/** Whether to hold still. @param isHeld whether it does now. */
export function isTooLow(battery: Battery | undefined, isHeld: boolean): boolean {
  if (!battery || battery.charging) return false;
  return battery.level < (isHeld ? ENOUGH : LOW);
}
