export { classifierLayers, classifierTask } from './classifier-task.ts';
export { classifierDefaults } from './defaults.ts';
