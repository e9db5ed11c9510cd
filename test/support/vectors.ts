/**
 * Vectors that others wrote. They are read where they lie and are no part of this project: THIQA_VECTORS names their
 * folder, `../shared/vectors` beside the project otherwise. Where they are absent, a test reports itself as pending.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const FOLDER = process.env.THIQA_VECTORS ?? join(PROJECT, '..', 'shared', 'vectors');

/**
 * The JSON of one suite, not checked for its form: `<name>/<name>-public.json`, or the file of that name when it has an
 * ending, such as `wycheproof/json_web_signature_test.json`. Undefined when it is absent.
 */
export function vectors(name: string): unknown {
  const text = vectorFile(/\.[a-z]+$/i.test(name) ? name : join(name, `${name}-public.json`));
  return text === undefined ? undefined : JSON.parse(text.toString('utf8'));
}

/** The octets of one file below the folder; undefined when it is absent. */
export function vectorFile(name: string): Buffer | undefined {
  try {
    return readFileSync(join(FOLDER, name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
