/** Messages between a benchmark and a process that it starts, over Node's IPC pipe, in structured clones. */

export interface Message {
  readonly type: string;
}

/** The message of a union with this type. */
export type Typed<M extends Message, T extends M['type']> = Extract<M, { readonly type: T }>;

/** What a process says that cannot go on. */
export interface Failed {
  readonly type: 'failed';
  readonly sentence: string;
}

export function isFailed(message: Message): message is Failed {
  return message.type === 'failed';
}
