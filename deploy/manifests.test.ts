import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolveCoordinator, resolveWorker } from '@gradcast/config';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

const file = (name: string): string => new URL(name, import.meta.url).pathname;
const text = (name: string): string => readFileSync(file(name), 'utf8');

const python = process.env['TEST_PYTHON'] ?? 'python3';
const promtool = process.env['TEST_PROMTOOL'] ?? 'promtool';
const runs = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;

function check(command: string, ...args: string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  expect(status, `${stdout}${stderr}`).toBe(0);
}

interface Container {
  readonly args: readonly string[];
}
interface Workload {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly template: { readonly spec: { readonly enableServiceLinks: boolean; containers: Container[] } };
  };
}
interface Compose {
  readonly services: Readonly<
    Record<string, { readonly command?: readonly string[]; readonly build?: { target: string } }>
  >;
}

const compose = parse(text('compose.yaml')) as Compose;
const workloads = parseAllDocuments(text('kubernetes/gradcast.yaml')).map((document) => document.toJS() as Workload);
const dockerfile = text('docker/Dockerfile').replaceAll('\\\n', ' ');

/** Has the command itself read the arguments a manifest gives it: a flag that was renamed is refused here. */
function expectAccepted([command, ...args]: readonly string[]): void {
  const machine = { environment: { GRADCAST_TOKEN: 'secret-of-16-letters' }, cores: 2, hostname: 'here' };
  // The volume exists in the image only.
  const usable = args.map((argument) => (argument === '--out=/runs' ? '--out=runs' : argument));
  if (command === 'coordinator') resolveCoordinator(usable, machine);
  else if (command === 'worker') resolveWorker(usable, machine);
  else expect.fail(`a manifest starts ${command}`);
}

describe('compose.yaml', () => {
  it.skipIf(!runs(python, '-c', 'import check_jsonschema'))('keeps the schema (needs check-jsonschema)', () => {
    check(python, '-m', 'check_jsonschema', '--builtin-schema', 'vendor.compose-spec', file('compose.yaml'));
  });

  it('gives the commands flags they know, and builds targets that exist', () => {
    const services = Object.values(compose.services).filter(({ build }) => build);
    expect(services).toHaveLength(3);
    for (const { command = [], build } of services) {
      expectAccepted(command);
      expect(dockerfile).toContain(` AS ${build?.target ?? ''}\n`);
    }
  });

  it('has no token of its own', () => {
    expect(text('compose.yaml').match(/GRADCAST_TOKEN: .*/g)).toHaveLength(3);
    expect(text('compose.yaml')).not.toMatch(/GRADCAST_TOKEN: (?!\$\{GRADCAST_TOKEN:\?)/);
  });
});

describe('the Kubernetes manifests', () => {
  it.skipIf(!runs(python, '-c', 'import kubernetes_validate'))('keep the schemas (needs kubernetes-validate)', () => {
    check(python, '-m', 'kubernetes_validate', '--strict', file('kubernetes/gradcast.yaml'));
  });

  it('are one coordinator, its workers, a service and a secret', () => {
    expect(workloads.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'Secret gradcast-token',
      'Service gradcast-coordinator',
      'StatefulSet gradcast-coordinator',
      'Deployment gradcast-worker',
    ]);
  });

  it('give the commands flags they know, and no variables they do not', () => {
    for (const { spec } of workloads.slice(2)) {
      expect(spec.template.spec.enableServiceLinks).toBe(false);
      for (const { args } of spec.template.spec.containers) expectAccepted(args);
    }
  });

  it('hold a secret that is refused until it is replaced', () => {
    const { stringData } = workloads[0] as unknown as { stringData: { token: string } };
    const machine = { environment: { GRADCAST_TOKEN: stringData.token }, cores: 2, hostname: 'here' };
    expect(() => resolveCoordinator(['--host', '0.0.0.0'], machine)).toThrow(/holds spaces/);
    expect(text('kubernetes/gradcast.yaml')).toContain(`token: '${stringData.token}'`);
  });
});

describe('the Prometheus configuration', () => {
  it.skipIf(!runs(promtool, '--version'))('is sound (needs promtool)', () => {
    check(promtool, 'check', 'config', file('prometheus/prometheus.yml'));
  });
});

describe('the Dockerfile', () => {
  it('leaves all work to scripts', () => {
    const steps = [...dockerfile.matchAll(/^RUN (.*)$/gm)].map(([, step]) => step);
    expect(steps).toHaveLength(4);
    for (const step of steps)
      expect(step).toMatch(/^\/(source|opt\/gradcast)\/deploy\/docker\/(build|install)\.sh [\w /]+$/);
  });

  it('makes images that run without root, stop politely and can be asked for their health', () => {
    const [, ...stages] = dockerfile.split(/^FROM /m);
    const images = stages.filter((stage) => !/ AS build$/m.test(stage));
    expect(images).toHaveLength(3);
    for (const image of images) {
      expect(image).toMatch(/^USER 10001:10001$/m);
      expect(image).toMatch(/^STOPSIGNAL SIGTERM$/m);
      expect(image).toMatch(/^HEALTHCHECK .*healthcheck\.sh/m);
      expect(image).toMatch(/^ENTRYPOINT .*entrypoint\.sh/m);
      const [, command = '[]'] = /^CMD (\[.*\])$/m.exec(image) ?? [];
      expectAccepted(JSON.parse(command) as string[]);
    }
    expect(dockerfile).not.toContain('alpine');
  });
});
