/** What the port hands on once a connection is admitted. */
import type { WebSocket } from 'ws';
import type { Credential } from './credentials.ts';
import type { WhenLarge } from './pieces.ts';
import type { Traffic } from './traffic.ts';

/** An admitted connection. */
export interface Connection extends Traffic {
  readonly socket: WebSocket;
  readonly address: string;
  readonly credential: Credential;
  readonly whenLarge: WhenLarge;
}

export type Admit = (connection: Connection) => void;
