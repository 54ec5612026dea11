/** Tasks of users, which bring the compute libraries along. */
export { loadOwnTask } from '@gradcast/own-task';
