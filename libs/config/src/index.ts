export * from './process-messages.ts';
export * from './run-config.ts';
