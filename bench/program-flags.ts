/** The flags with which an operator's `npm run thiqa` starts the program, so that what is measured is what runs. */
import { readFileSync } from 'node:fs';

const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

export const PROGRAM_FLAGS: readonly string[] = String(scripts.thiqa)
  .split(' ')
  .filter((word) => word.startsWith('--'));
