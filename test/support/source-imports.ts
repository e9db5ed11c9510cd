/**
 * Reads which modules a source file imports. Understands the forms that the formatter leaves: a statement begins a line,
 * specifiers stand in single or double quotes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

export interface SourceImport {
  /** As written: `koa`, `../errors.ts`. */
  readonly specifier: string;
  /** Nothing of it is left at run time: `import type`, or only `type` names in the braces. */
  readonly typeOnly: boolean;
}

export interface SourceFile {
  /** Relative to the folder that was read, with `/`: `pki/certificate.ts`. */
  readonly path: string;
  /** Without comments. */
  readonly code: string;
  readonly imports: readonly SourceImport[];
  /** It also imports what only the running program knows. */
  readonly importsUnknown: boolean;
}

const FROM_STATEMENT =
  /^[ \t]*(?:import|export)\b(?<clause>[\w\s{},*$]*?)\bfrom\s*(?<quote>['"])(?<specifier>[^'"\n]+)\k<quote>/gm;
const BARE_STATEMENT = /^[ \t]*import\s*(?<quote>['"])(?<specifier>[^'"\n]+)\k<quote>/gm;
const CALL = /\b(?:import|require)\s*\(\s*(?<quote>['"`])(?<specifier>[^'"`\n]+)\k<quote>/g;
const CALL_OF_UNKNOWN = /\b(?:import|require)\s*\((?!\s*['"`])/;

export function readSourceFiles(folder: URL): SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /\.[cm]?[jt]sx?$/.test(name))
    .sort()
    .map((path) => parseSource(path, readFileSync(new URL(path, folder), 'utf8')));
}

export function parseSource(path: string, text: string): SourceFile {
  const code = withoutComments(text);
  const statements = [...code.matchAll(FROM_STATEMENT)].map(({ groups }) => ({
    specifier: groups?.specifier ?? '',
    typeOnly: isTypeOnly(groups?.clause ?? ''),
  }));
  const others = [...code.matchAll(BARE_STATEMENT), ...code.matchAll(CALL)].map(({ groups }) => ({
    specifier: groups?.specifier ?? '',
    typeOnly: false,
  }));
  return { path, code, imports: [...statements, ...others], importsUnknown: CALL_OF_UNKNOWN.test(code) };
}

/** The path, as of SourceFile, that a relative specifier means; undefined for a package. */
export function resolveImport(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined;
}

/** The package of a bare specifier: `@koa/router` of `@koa/router/lib/x`. Built-in modules keep their whole name. */
export function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function isTypeOnly(clause: string): boolean {
  const trimmed = clause.trim();
  if (/^type\b/.test(trimmed)) return true;
  const names = /^\{(?<names>[^}]*)\}$/.exec(trimmed)?.groups?.names;
  const list =
    names
      ?.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '') ?? [];
  return list.length > 0 && list.every((name) => /^type\s/.test(name));
}

/** Only comments that begin where a comment can: not the slashes of a media type or of a URL. */
function withoutComments(text: string): string {
  return text.replace(/(^|[\s;{(,])\/\*[\s\S]*?\*\//g, '$1').replace(/(^|\s)\/\/.*$/gm, '$1');
}
