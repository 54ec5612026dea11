/**
 * The run's own secret with which it is steered where no operator has a token: whoever can read the run's folder has it, and
 * whoever was given the address that the terminal prints.
 */
import { freshSecret, isSecret, SecretFile } from '../network/secret-file.ts';

/** The same over all starts of a run; another one once the file is gone. @throws CoordinatorError `steering-secret`. */
export async function steeringSecret(folder: string): Promise<string> {
  const file = new SecretFile(folder, 'steering-secret');
  const found = (await file.read()).trim();
  if (isSecret(found)) return found;
  const fresh = freshSecret();
  await file.write(fresh);
  return fresh;
}
