export type { Clock, Connect, Connection, ConnectionEvents, Failure } from './connection.ts';
export { Session } from './session.ts';
export type { Introduction, Outcome, SessionNotice, SessionOptions } from './session.ts';
export { Trainer } from './trainer.ts';
export type { TrainerPorts } from './trainer.ts';
