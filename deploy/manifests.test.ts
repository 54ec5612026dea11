import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveCoordinator, resolveWorker } from '@gradcast/config';
import { ganTask, presets } from '@gradcast/gan';
import { coordinatorMetrics, workerMetrics } from '@gradcast/metrics';
import { afterAll, describe, expect, it } from 'vitest';
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
  readonly image: string;
  readonly env?: readonly unknown[];
  readonly livenessProbe: Probe;
  readonly startupProbe?: Probe;
  readonly resources: Readonly<Record<'requests' | 'limits', Readonly<Record<string, string>>>>;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: readonly { readonly mountPath: string }[];
}
interface Probe {
  readonly exec?: { readonly command: readonly string[] };
}
interface Pod {
  readonly enableServiceLinks: boolean;
  readonly restartPolicy?: string;
  readonly priorityClassName?: string;
  readonly containers: readonly Container[];
}
interface Workload {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly template: { readonly spec: Pod } } & Readonly<Record<string, unknown>>;
}
interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly build?: { readonly target: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly [key: string]: unknown;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
}

const compose = parse(text('compose.yaml'), { merge: true }) as Compose;
const workloads = parseAllDocuments(text('kubernetes/gradcast.yaml')).map((document) => document.toJS() as Workload);
const [job, deployment] = workloads.filter(({ kind }) => kind === 'Job' || kind === 'Deployment');
const pods = [job, deployment].map(({ spec }) => spec.template.spec);
const dockerfile = text('docker/Dockerfile').replaceAll('\\\n', ' ');

const scratch = mkdtempSync(join(tmpdir(), 'gradcast-manifests-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const secret = join(scratch, 'token');
writeFileSync(secret, 'secret-secret-secret');

/** Has the command itself read the arguments a manifest gives it: a flag that was renamed is refused here. */
function expectAccepted([command, ...args]: readonly string[], token = ''): void {
  const machine = { environment: token === '' ? {} : { GRADCAST_TOKEN: token }, cores: 2, hostname: 'here' };
  // Volume and secret exist in the container only.
  const usable = args.map((argument) =>
    argument === '--out=/runs' ? '--out=runs' : argument.replace(/^--token-file=.*/, `--token-file=${secret}`),
  );
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

  it('hands the token over as a file, and has none of its own', () => {
    expect(text('compose.yaml')).toContain('file: ${GRADCAST_TOKEN_FILE:?');
    for (const { build, command, secrets, environment = {} } of Object.values(compose.services)) {
      if (!build) continue;
      expect(secrets).toEqual(['token']);
      expect(command).toContain('--token-file=/run/secrets/token');
      expect(Object.keys(environment)).not.toContain('GRADCAST_TOKEN');
    }
  });

  it('publishes on loopback unless asked otherwise', () => {
    const ports = Object.values(compose.services).flatMap((service) => service.ports ?? []);
    expect(ports).toHaveLength(4);
    for (const port of ports) expect(port).toMatch(/^(127\.0\.0\.1|\$\{PUBLISH_ADDRESS:-127\.0\.0\.1\}):/);
  });

  it.each(Object.keys(compose.services))('gives %s no more than it needs, and its image as an argument', (name) => {
    expect(compose.services[name]).toMatchObject({
      image: expect.stringMatching(/^\$\{[A-Z_]+_IMAGE:-.+\}$/) as unknown,
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.stringMatching(/^\d+[mg]$/) as unknown,
      pids_limit: expect.any(Number) as unknown,
    });
  });

  it('has a Grafana without a password that everybody knows', () => {
    expect(compose.services['grafana'].environment).toMatchObject({
      GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: 'true',
      GF_AUTH_DISABLE_LOGIN_FORM: 'true',
      GF_AUTH_BASIC_ENABLED: 'false',
    });
  });
});

describe('the Kubernetes manifests', () => {
  it.skipIf(!runs(python, '-c', 'import kubernetes_validate'))('keep the schemas (needs kubernetes-validate)', () => {
    check(python, '-m', 'kubernetes_validate', '--strict', file('kubernetes/gradcast.yaml'));
  });

  it('are one coordinator, its workers, and what they need', () => {
    expect(workloads.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'Secret gradcast-token',
      'Service gradcast-coordinator',
      'PriorityClass gradcast-worker',
      'NetworkPolicy gradcast-coordinator',
      'NetworkPolicy gradcast-worker',
      'PersistentVolumeClaim gradcast-runs',
      'Job gradcast-coordinator',
      'Deployment gradcast-worker',
    ]);
  });

  it('give the commands flags they know, and no variables they do not', () => {
    for (const { enableServiceLinks, containers } of pods) {
      expect(enableServiceLinks).toBe(false);
      for (const { args } of containers) expectAccepted(args);
    }
  });

  it('hand the token over as a file', () => {
    for (const { env = [], args } of pods.flatMap(({ containers }) => containers)) {
      expect(JSON.stringify(env)).not.toContain('TOKEN');
      expect(args).toContain('--token-file=/run/secrets/gradcast/token');
    }
  });

  it('end with the run, and go on after a lost pod', () => {
    expect(job.spec.template.spec.restartPolicy).toBe('Never');
    expect(job.spec).toMatchObject({ completions: 1, parallelism: 1, podReplacementPolicy: 'Failed' });
    expect(JSON.stringify(job.spec['podFailurePolicy'])).toContain('"type":"DisruptionTarget"');
  });

  it('have workers that wait for the next run', () => {
    // A container that ends is started again after a pause that grows.
    expect(deployment.spec.template.spec.containers[0].args).toContain('--reconnect-seconds=31536000');
  });

  it('make room for the coordinator where workers came first', () => {
    const priority = workloads.find(({ kind }) => kind === 'PriorityClass') as unknown as { value: number };
    expect(priority.value).toBeLessThan(0);
    expect(pods.map(({ priorityClassName }) => priorityClassName)).toEqual([undefined, 'gradcast-worker']);
  });

  it('ask for life inside the container, where no peer reaches', () => {
    for (const { livenessProbe, startupProbe, args } of pods.flatMap(({ containers }) => containers)) {
      for (const probe of startupProbe ? [livenessProbe, startupProbe] : [livenessProbe]) {
        expect(probe.exec?.command).toEqual(['/opt/gradcast/deploy/docker/healthcheck.sh']);
      }
      expect(args).toContain('--health-port=9465');
    }
  });

  it('run with a root file system that cannot be written, within limits', () => {
    for (const { securityContext, resources, volumeMounts } of pods.flatMap(({ containers }) => containers)) {
      expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
      expect(Object.keys(resources.limits)).toEqual(['memory', 'ephemeral-storage']);
      expect(volumeMounts.map(({ mountPath }) => mountPath)).toEqual(expect.arrayContaining(['/cache', '/tmp']));
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
  it('has all its rules in the container', () => {
    const { rule_files: files } = parse(text('prometheus/prometheus.yml')) as { rule_files: readonly string[] };
    expect(files).toEqual(['recording.yml', 'alerts.yml']);
    for (const name of ['prometheus.yml', ...files]) {
      expect(text('compose.yaml')).toContain(`- ./prometheus/${name}:/etc/prometheus/${name}:ro\n`);
    }
  });

  it.skipIf(!runs(promtool, '--version'))('is sound (needs promtool)', () => {
    check(promtool, 'check', 'config', file('prometheus/prometheus.yml'));
  });
});

interface Rules<Rule> {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
}
interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly runbook: string };
}
interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}
interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test?: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

describe('the alerts', () => {
  const rulesIn = <Rule>(name: string) => (parse(text(name)) as Rules<Rule>).groups.flatMap((group) => group.rules);
  const rules = rulesIn<AlertRule>('prometheus/alerts.yml');
  const recorded = rulesIn<RecordingRule>('prometheus/recording.yml');

  it.skipIf(!runs(promtool, '--version'))('come when they should and go when they should (needs promtool)', () => {
    check(promtool, 'check', 'rules', file('prometheus/recording.yml'), file('prometheus/alerts.yml'));
    check(promtool, 'test', 'rules', file('prometheus/alerts.test.yml'));
  });

  it('are each tried when they fire and when they do not, and have an entry that says what to do', () => {
    const { tests } = parse(text('prometheus/alerts.test.yml')) as RuleTests;
    const tried = tests.flatMap(({ alert_rule_test: alerts = [] }) => alerts);
    const documented = text('../docs/reliability.md');
    expect(rules.length).toBeGreaterThan(0);
    for (const { alert, annotations } of rules) {
      const outcomes = tried
        .filter(({ alertname }) => alertname === alert)
        .map(({ exp_alerts: { length } }) => length > 0);
      expect(new Set(outcomes), alert).toEqual(new Set([true, false]));
      expect(documented).toContain(`\n### ${alert}\n`);
      expect(annotations.runbook).toBe(`docs/reliability.md#${alert.toLowerCase()}`);
    }
  });

  it('ask for metrics that a coordinator exports, and for each trouble of its tasks', async () => {
    const exported = await coordinatorMetrics({ version: '0', preset: 'mnist' }).registry.metrics();
    const names = recorded.map(({ record }) => record);
    for (const { expr } of [...rules, ...recorded]) {
      for (const [name] of expr.matchAll(/\w+:gradcast_[\w:]+/g)) expect(names).toContain(name);
      for (const [, name] of expr.matchAll(/(?<![\w:])(gradcast_\w+)/g)) {
        expect(exported).toContain(`# TYPE ${name.replace(/_(sum|count)$/, '')} `);
      }
    }
    const named = ganTask(presets.mnist).troubles!.map(({ name }) => name);
    for (const name of named) {
      expect(rules.filter(({ expr }) => expr === `gradcast_trouble{trouble="${name}"} == 1`)).toHaveLength(1);
    }
    expect(rules.map(({ expr }) => expr)).toContain(`gradcast_trouble{trouble!~"${named.join('|')}"} == 1`);
  });
});

describe('what Prometheus takes from workers', () => {
  const { scrape_configs: jobs } = parse(text('prometheus/prometheus.yml')) as {
    scrape_configs: { job_name: string; sample_limit?: number; metric_relabel_configs?: { regex: string }[] }[];
  };

  it('has limits', () => {
    for (const { sample_limit: limit } of jobs) expect(limit).toBeGreaterThan(0);
    expect(jobs.map(({ sample_limit: limit }) => limit)).toEqual([20000, 500]);
  });

  it('is never taken for the run’s own', async () => {
    const [, workers] = jobs;
    const kept = new RegExp(`^(?:${workers.metric_relabel_configs?.[0].regex ?? '.*'})$`);
    const names = async ({ registry }: { registry: { metrics: () => Promise<string> } }) =>
      [...(await registry.metrics()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    for (const name of await names(workerMetrics({ backend: 'wasm', device: 'cpu', version: '0' }))) {
      expect(name).toMatch(kept);
    }
    for (const name of await names(coordinatorMetrics({ version: '0', preset: 'mnist' }))) {
      expect(name).not.toMatch(kept);
    }
  });
});

describe('the Dockerfile', () => {
  it('leaves all work to scripts', () => {
    const steps = [...dockerfile.matchAll(/^RUN (.*)$/gm)].map(([, step]) => step);
    expect(steps).toHaveLength(8);
    for (const step of steps)
      expect(step).toMatch(
        /^(\/source\/deploy\/docker\/(build\.sh|binding\.sh|prune\.mjs) [\w /]+|\/install\.sh \w+)$/,
      );
  });

  it('makes images that run without root, stop politely and can be asked for their health', () => {
    const [, ...stages] = dockerfile.split(/^FROM /m);
    const images = stages.filter((stage) => !/ AS build-\w+$/m.test(stage));
    expect(images).toHaveLength(3);
    for (const image of images) {
      expect(image).toMatch(/^USER 10001:10001$/m);
      expect(image).toMatch(/^STOPSIGNAL SIGTERM$/m);
      expect(image).toMatch(/^HEALTHCHECK .*healthcheck\.sh/m);
      expect(image).toMatch(/^ENTRYPOINT .*entrypoint\.sh/m);
      const [, command = '[]'] = /^CMD (\[.*\])$/m.exec(image) ?? [];
      expectAccepted(JSON.parse(command) as string[], 'secret-secret-secret');
      // The compiler is in the build stage.
      expect(image).not.toMatch(/install\.sh build/);
    }
    expect(dockerfile).not.toContain('alpine');
  });
});
