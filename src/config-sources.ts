/**
 * Where settings stand: a file of YAML, and the environment, which wins.
 */
import { readFileSync } from 'node:fs';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import { ConfigurationError } from './errors.ts';

/** One thing that is wrong, and where: `cardHost.header.trustedPeers`. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** Names that begin like settings and are none. */
const NOT_SETTINGS = new Set(['THIQA_CONFIG', 'THIQA_VECTORS']);

/** @throws ConfigurationError CONFIG_UNREADABLE */
export function readYaml(file: string): unknown {
  try {
    return parseYaml(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new ConfigurationError('CONFIG_UNREADABLE', `${file} cannot be read${whyUnreadable(cause)}`, { cause });
  }
}

/** What the system refused, or where the text stops to be YAML. The parser's own message would quote the text. */
function whyUnreadable(cause: unknown): string {
  if (cause instanceof YAMLParseError) {
    const [at] = cause.linePos ?? [];
    return ` as YAML: ${cause.code}${at ? ` in line ${at.line}, column ${at.col}` : ''}`;
  }
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? `: ${code}` : ' as YAML';
}

/** THIQA_CARD_HOST__LISTEN__PORT=4443 -> cardHost.listen.port. The value is YAML, as in the file. */
export function withEnvironment(
  value: unknown,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly settings: unknown; readonly problems: readonly Problem[] } {
  const settings: Record<string, unknown> = isSection(value) ? structuredClone(value) : {};
  const problems: Problem[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith('THIQA_') || text === undefined || NOT_SETTINGS.has(name)) continue;
    const keys = name
      .slice('THIQA_'.length)
      .toLowerCase()
      .split('__')
      .map((words) => words.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()));
    let parsed: unknown;
    try {
      parsed = parseYaml(text);
    } catch {
      // The parser's own message would quote the value.
      problems.push({ path: keys.join('.'), message: `${name} is not YAML` });
      continue;
    }
    const last = keys.pop() ?? '';
    let section = settings;
    for (const key of keys) {
      const inner = section[key];
      const next: Record<string, unknown> = isSection(inner) ? inner : {};
      section[key] = next;
      section = next;
    }
    section[last] = parsed;
  }
  return { settings, problems };
}

export function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
