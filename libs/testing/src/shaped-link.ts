/**
 * A link of a given speed between two network namespaces: what the system does to a slow connection, its buffers and its
 * backpressure, happens as it does on a real one. Needs root, `ip` and `tc`.
 */
import { execFileSync } from 'node:child_process';

export interface ShapedLink {
  /** Address of this side. */
  readonly address: string;
  /** What runs a command on the other side. */
  readonly within: readonly string[];
  remove(): void;
}

/** @param bytesPerSecond of each direction, headers included. @throws Error where the system does not allow it. */
export function shapeLink(bytesPerSecond: number): ShapedLink {
  const name = `gc${process.pid % 1_000_000}`;
  const [near, far] = [`${name}a`, `${name}b`];
  const net = `10.213.${process.pid % 256}`;
  const shape = `root tbf rate ${Math.round(bytesPerSecond * 8)}bit burst 16kb latency 400ms`;
  const remove = () => {
    quietly(`ip link del ${near}`);
    quietly(`ip netns del ${name}`);
  };
  try {
    run(`ip netns add ${name}`);
    run(`ip link add ${near} type veth peer name ${far} netns ${name}`);
    run(`ip addr add ${net}.1/30 dev ${near}`);
    run(`ip link set ${near} up`);
    run(`ip -n ${name} addr add ${net}.2/30 dev ${far}`);
    run(`ip -n ${name} link set ${far} up`);
    // Workers bind their metrics to loopback.
    run(`ip -n ${name} link set lo up`);
    run(`tc qdisc add dev ${near} ${shape}`);
    run(`ip netns exec ${name} tc qdisc add dev ${far} ${shape}`);
  } catch (error) {
    remove();
    throw error;
  }
  return { address: `${net}.1`, within: ['ip', 'netns', 'exec', name], remove };
}

/** Whether this process may shape links here. */
export function canShapeLinks(): boolean {
  try {
    shapeLink(1_000_000).remove();
    return true;
  } catch {
    return false;
  }
}

function run(command: string): void {
  const [file, ...args] = command.split(' ');
  execFileSync(file, args, { stdio: 'pipe' });
}

function quietly(command: string): void {
  try {
    run(command);
  } catch {
    // It was never made.
  }
}
