/** What is known of workers by their names: it outlives their connections, since a worker may be gone when its step closes. */
import type { JoinedWorker } from '../events.ts';

/** Names whose workers something is known of. */
const MOST_KNOWN = 4096;

type Known = Pick<JoinedWorker, 'profile' | 'backend' | 'role'>;

export class KnownWorkers {
  /** Those whose last result is longest ago first. */
  readonly #known = new Map<string, Known>();

  joined({ name, profile, backend, role }: JoinedWorker): void {
    this.#keep(name, { profile, backend, role });
  }

  /** A result of it was used. @returns what is known of it. */
  used(name: string): Known | undefined {
    const known = this.#known.get(name);
    if (known) this.#keep(name, known);
    return known;
  }

  /** Key of the numeric profile with which a worker of this name last joined. */
  profileOf(name: string): string | undefined {
    return this.#known.get(name)?.profile;
  }

  isVolunteer(name: string): boolean {
    return this.#known.get(name)?.role === 'volunteer';
  }

  #keep(name: string, known: Known): void {
    this.#known.delete(name);
    this.#known.set(name, known);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST_KNOWN) return;
      this.#known.delete(oldest);
    }
  }
}
