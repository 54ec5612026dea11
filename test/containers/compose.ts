/**
 * What `docker compose` makes of a service of deploy/compose.yaml, as arguments of `podman run`: for machines where podman
 * is to be had and Docker is not. A key that this reading does not know is an error, so none is passed over.
 *
 * Ports are not published: a test reaches containers by their addresses, and may run beside others.
 */
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';

export interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly hostname?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly stop_grace_period?: string;
}

export interface ComposeFile {
  readonly folder: string;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly services: Readonly<Record<string, Service>>;
}

/** Kept to by whoever starts containers, or of no matter to a container's own arguments. */
const ELSEWHERE = ['build', 'depends_on', 'ports', 'restart', 'profiles', 'deploy', 'image', 'command'];

/** @param variables what `${NAME}`, `${NAME:-default}` and `${NAME:?sentence}` stand for. */
export function readCompose(file: string, text: string, variables: Readonly<Record<string, string>>): ComposeFile {
  const filled = text.replace(
    /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
    (_, name: string, kind: string | undefined, rest: string | undefined) => {
      const value = variables[name] ?? '';
      if (value !== '') return value;
      if (kind === '-') return rest ?? '';
      throw new Error(`${name} is not set: ${rest ?? ''}`);
    },
  );
  const document = parse(filled, { merge: true }) as Omit<ComposeFile, 'folder'>;
  return { ...document, folder: dirname(file) };
}

export interface Start {
  readonly project: string;
  readonly service: string;
  /** Name of the container; the service's name is an alias of each. */
  readonly container: string;
}

/** Arguments of `podman run` for one container of a service. */
export function runArguments(file: ComposeFile, { project, service: name, container }: Start): string[] {
  const service = file.services[name];
  const args = ['run', '--detach', '--runtime', 'runc', '--name', container, '--label', `project=${project}`];
  args.push('--network', project, '--network-alias', name);
  // Where limits may not be raised, podman's own would be refused.
  args.push('--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024');
  for (const [key, value] of Object.entries(service)) {
    if (!ELSEWHERE.includes(key)) args.push(...option(key, value, { project, file }));
  }
  return [...args, service.image, ...(service.command ?? [])];
}

function option(key: string, value: unknown, place: { project: string; file: ComposeFile }): string[] {
  const list = value as readonly string[];
  switch (key) {
    case 'init':
      return value === true ? ['--init'] : [];
    case 'read_only':
      // podman would put file systems that may be written over some folders.
      return value === true ? ['--read-only', '--read-only-tmpfs=false'] : [];
    case 'hostname':
      return ['--hostname', String(value)];
    case 'cap_drop':
      return list.flatMap((each) => ['--cap-drop', each]);
    case 'security_opt':
      return list.flatMap((each) => ['--security-opt', each.replace(/:true$/, '')]);
    case 'tmpfs':
      return list.flatMap((each) => ['--tmpfs', each]);
    case 'pids_limit':
      return ['--pids-limit', String(value)];
    case 'mem_limit':
      return ['--memory', String(value)];
    case 'stop_grace_period':
      return ['--stop-timeout', String(value).replace(/s$/, '')];
    case 'environment':
      return Object.entries(value as Record<string, string>).flatMap(([name, each]) => ['--env', `${name}=${each}`]);
    case 'secrets':
      return list.flatMap((each) => ['--volume', `${place.file.secrets[each].file}:/run/secrets/${each}:ro`]);
    case 'volumes':
      return list.flatMap((each) => ['--volume', volume(each, place)]);
    default:
      throw new Error(`compose.yaml: this reading does not know ${key}`);
  }
}

function volume(text: string, { project, file }: { project: string; file: ComposeFile }): string {
  const [source, ...rest] = text.split(':');
  return [source.startsWith('.') ? resolve(file.folder, source) : `${project}_${source}`, ...rest].join(':');
}
