export { defaultsOfTask, taskDefaults, taskNames } from './defaults.ts';
export { builtinTask, builtinTasks } from './tasks.ts';
