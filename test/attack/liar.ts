/**
 * An attacker with a whole replica: the same trainer as an honest worker, around an engine that makes its gradients up. So
 * its fingerprints, leases and shapes are right, and only the numbers lie.
 */
import { createHash } from 'node:crypto';
import type { GradientEngine, Task } from '@gradcast/task';
import { builtinTask } from '@gradcast/tasks';
import { decodeFromWorker, encodeFrame } from '@gradcast/protocol';
import type { MessageOf } from '@gradcast/protocol';
import { clearPadding } from '@gradcast/tensors';
import { Trainer } from '@gradcast/worker-core';
import { selectKernels } from '@gradcast/vector';
import { Attacker } from './attacker.ts';
import type { Disguise } from './attacker.ts';
import type { Target } from './target.ts';

export interface Lie {
  readonly disguise?: Disguise;
  /** Fills the gradient of one micro-batch; `turn` counts them. What it leaves is zero. */
  readonly gradient: (vector: Float32Array, turn: number) => void;
  /** Leaves what was written between the tensors, which no engine does. */
  readonly fillsPadding?: boolean;
  /** What is sent in place of a result; nothing for undefined. */
  readonly instead?: (result: MessageOf<'result'>) => MessageOf<'result'> | undefined;
  /** Ends the connection once a result was sent. */
  readonly hangsUp?: boolean;
}

export class Liar {
  readonly attacker: Attacker;
  /** Results that were sent. */
  lies = 0;
  #turn = 0;

  private constructor(attacker: Attacker) {
    this.attacker = attacker;
  }

  /** Joins and lies from then on. @returns once it has said hello. */
  static async join(target: Target, lie: Lie): Promise<Liar> {
    const attacker = await Attacker.open(target);
    attacker.isAlive = false;
    const liar = new Liar(attacker);
    const trainer = liar.#trainer(lie);
    const take = (bytes: Uint8Array) => void trainer.receive(bytes).catch(() => attacker.socket.terminate());
    attacker.onMessage = ({ message }, bytes) => {
      const { incarnation } = attacker;
      if (message.type === 'ping') void attacker.say({ type: 'pong', incarnation, id: message.id });
      else take(bytes);
    };
    attacker.hello(lie.disguise);
    return liar;
  }

  #trainer(lie: Lie): Trainer {
    return new Trainer({
      task: builtinTask,
      createEngine: (task) => Promise.resolve(this.#engine(lie, task)),
      send: (frame) => this.#send(frame, lie),
      sha256: (bytes) => Promise.resolve(createHash('sha256').update(bytes).digest('hex')),
      now: () => performance.now(),
      yield: () => new Promise((resolve) => setImmediate(resolve)),
      measured: () => undefined,
      idle: () => undefined,
      createKernels: (reserve) => selectKernels({ reserve }),
    });
  }

  #engine({ gradient, fillsPadding = false }: Lie, { parameters }: Pick<Task, 'parameters'>): GradientEngine {
    // The two gradients of the probe must be alike.
    let probes = 2;
    return {
      load: () => undefined,
      gradient: (_, into) => {
        into.fill(0);
        if (probes > 0) probes -= 1;
        else gradient(into, this.#turn++);
        if (!fillsPadding) clearPadding(parameters, into);
        return Promise.resolve();
      },
      infer: () => Promise.resolve(new Uint8Array()),
      dispose: () => undefined,
    };
  }

  #send(frame: Uint8Array, { instead, hangsUp }: Lie): void {
    const { attacker } = this;
    const { message, payload } = decodeFromWorker(frame);
    if (message.type === 'ready') {
      const { probe, probeMs } = attacker;
      return void attacker.say({ ...message, probe, probeMs });
    }
    if (message.type !== 'result') return void attacker.raw(frame);
    const said = instead ? instead(message) : message;
    if (!said) return;
    this.lies += 1;
    const sent = attacker.raw(encodeFrame(said, [payload]));
    if (hangsUp) void sent.then(() => attacker.socket.terminate());
  }
}
