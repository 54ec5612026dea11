/** The buttons of operators, what came of them, and the two questions: whether to stop, and for a token. */
import type { Link } from '../feed.ts';
import type { Model } from '../model.ts';
import { controlsOf, mayBecomeOperator, resumeCommand, saidOf, saidOfRefusal } from '../steer.ts';
import type { Act, Outcome } from '../steer.ts';
import { counted } from '../format.ts';
import { byId, say } from './dom.ts';

export interface SteeringOptions {
  /** Asks the coordinator for something; never fails. */
  readonly send: (what: Act | 'session', body: object) => Promise<Outcome>;
  /** Something is to be drawn anew. */
  readonly changed: () => void;
  /** Who this is may have changed: the run is asked for anew. */
  readonly asksAnew: () => void;
}

const NAMES = { pause: 'Pause', resume: 'Resume' } as const;

export class SteeringView {
  readonly #options: SteeringOptions;
  #model: Model | undefined;
  #first: 'pause' | 'resume' = 'pause';
  #isReady = false;
  #isBusy = false;

  constructor(options: SteeringOptions) {
    this.#options = options;
    const press = (id: string, pressed: () => void) => byId(id).addEventListener('click', pressed);
    press('pause', () => void this.#act(this.#first, {}));
    press('stop', () => this.#askWhetherToStop());
    press('stop-no', () => dialog('stop-dialog').close());
    press('stop-yes', () => {
      dialog('stop-dialog').close();
      void this.#act('stop', { confirm: this.#model?.run.id });
    });
    press('operator', () => dialog('operator-dialog').showModal());
    press('operator-no', () => dialog('operator-dialog').close());
    byId('operator-form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#enter();
    });
    byId('worker-rows').addEventListener('click', ({ target }) => {
      const button = target instanceof Element ? target.closest('button') : null;
      const worker = button?.closest('tr')?.dataset['worker'];
      if (worker !== undefined) void this.#act('drain', { worker }, worker);
    });
  }

  /** Whether nothing can be done at the moment. */
  get isHeld(): boolean {
    return this.#isBusy || !this.#isReady;
  }

  draw(model: Model, link: Link): void {
    this.#model = model;
    const controls = controlsOf(model, link);
    this.#isReady = controls?.isReady ?? false;
    byId('steering').hidden = !controls;
    byId('operator').hidden = !mayBecomeOperator(model);
    if (!controls) return dialog('stop-dialog').close();
    this.#first = controls.first;
    say(byId('pause'), NAMES[controls.first]);
    say(byId('steer-you'), controls.said);
    for (const id of ['pause', 'stop']) byId(id).setAttribute('aria-disabled', String(this.isHeld));
  }

  /** Says something of what was done. */
  say(sentence: string): void {
    say(byId('steer-said'), sentence);
  }

  #askWhetherToStop(): void {
    if (this.isHeld || !this.#model) return;
    const { run, now } = this.#model;
    const kept = counted(now.step, 'step');
    say(byId('stop-means'), `It ends for everybody. A checkpoint keeps ${kept}; the open one is given up.`);
    say(byId('stop-resume'), resumeCommand(run.folder));
    dialog('stop-dialog').showModal();
  }

  async #act(act: Act, body: object, worker?: string): Promise<void> {
    if (this.isHeld) return;
    this.#isBusy = true;
    this.say('');
    this.#options.changed();
    const outcome = await this.#options.send(act, body);
    this.#isBusy = false;
    this.say(saidOf(act, outcome, worker));
    this.#options.changed();
    if (outcome.status === 401 || outcome.status === 403) this.#options.asksAnew();
  }

  async #enter(): Promise<void> {
    const field = byId<HTMLInputElement>('operator-token');
    const outcome = await this.#options.send('session', { token: field.value.trim() });
    field.value = '';
    const { role } = Object(outcome.body) as { role?: unknown };
    if (outcome.status !== 200) return say(byId('operator-said'), saidOfRefusal(outcome, 'operator'));
    if (role !== 'operator') return say(byId('operator-said'), 'This is the token of a viewer, who steers nothing.');
    dialog('operator-dialog').close();
    this.#options.asksAnew();
  }
}

function dialog(id: string): HTMLDialogElement {
  return byId<HTMLDialogElement>(id);
}
