/**
 * Seconds that a test waits for what ought to happen, unless it says otherwise. Only a test that fails lasts as long: it is below a
 * test's time limit, so that the failure says what was waited for, and far above what a busy machine needs.
 */
export const PATIENCE_SECONDS = 200;
