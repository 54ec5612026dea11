/** The page may make no code of strings, and schemas need not try: every try would be told as a violation. Imported first. */
import { config } from 'zod';

config({ jitless: true });
