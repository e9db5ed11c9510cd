/**
 * The house rules as data: who may import whom; and what the pure rooms may not call, so that the same
 * arguments always give the same answer.
 */
import { expect } from 'chai';
import {
  packageOf,
  parseSource,
  readSourceFiles,
  resolveImport,
  type SourceFile,
  type SourceImport,
} from './support/source-imports.ts';

interface Room {
  /** Rooms whose code it may use; its own always. */
  readonly rooms: readonly string[] | 'all';
  /** Rooms of which it may name types only: it implements their ports. */
  readonly typesOf?: readonly string[];
  readonly packages: readonly string[] | 'all';
  readonly packageTypes?: readonly string[];
}

const DOMAIN = [
  'pki',
  'emrtd',
  'identity',
  'audit',
  'authentication',
  'client-authentication',
  'relying-party',
  'officer',
  'citizen',
  'sealing',
  'clock',
  'errors',
];
const PORT_ROOMS = [
  'not-before',
  'limits',
  'trust',
  'authentication',
  'relying-party',
  'officer',
  'citizen',
  'audit',
  'oidc',
  'identity',
  'network',
  'pki',
];
const ASN1 = ['@peculiar/x509', 'pkijs', 'asn1js', 'reflect-metadata'];

/** A folder of src/, or one file that stands directly in it. A room that is not here may not exist. */
const ROOMS: Readonly<Record<string, Room>> = {
  errors: { rooms: [], packages: [] },
  clock: { rooms: [], packages: [] },
  // From when on something counts.
  'not-before': { rooms: ['clock'], packages: [] },
  sealing: { rooms: ['errors'], packages: ['node:crypto'] },
  // node:net for its arithmetic of addresses (isIP, BlockList): NETWORK_CALLS refuses what opens a connection.
  pki: { rooms: ['errors'], packages: [...ASN1, 'node:crypto', 'node:net'] },
  emrtd: { rooms: ['pki', 'errors'], packages: ['pkijs', 'asn1js', 'node:crypto'] },
  identity: { rooms: ['pki', 'emrtd', 'errors'], packages: [] },
  audit: { rooms: ['errors', 'clock'], packages: ['jose', 'node:crypto'] },
  authentication: {
    rooms: ['pki', 'emrtd', 'identity', 'audit', 'sealing', 'errors', 'clock'],
    packages: ['jose', 'node:crypto', 'node:net'],
  },
  // Which portal a certificate stands for (RFC 8705).
  'client-authentication': { rooms: ['pki', 'errors'], packages: [] },
  'relying-party': {
    rooms: ['client-authentication', 'identity', 'not-before', 'audit', 'errors', 'clock'],
    packages: ['node:crypto', 'zod'],
  },
  officer: { rooms: ['identity', 'audit', 'errors', 'clock'], packages: ['node:crypto'] },
  citizen: { rooms: ['identity', 'audit', 'sealing', 'not-before', 'errors', 'clock'], packages: ['node:crypto'] },
  // What an officer ends or suspends.
  sessions: { rooms: ['citizen', 'relying-party', 'not-before', 'audit', 'errors', 'clock'], packages: [] },
  // Who is trusted to issue which document, while the service runs.
  trust: {
    rooms: ['pki', 'identity', 'audit', 'errors', 'clock'],
    typesOf: ['authentication'],
    packages: ['node:crypto'],
  },
  // How often one address, and one portal, may ask.
  limits: {
    rooms: ['audit', 'errors', 'clock'],
    packages: ['rate-limiter-flexible', 'node:crypto', 'node:net'],
  },
  oidc: {
    rooms: [
      'authentication',
      'client-authentication',
      'identity',
      'relying-party',
      'citizen',
      'not-before',
      'audit',
      'sealing',
      'errors',
      'clock',
    ],
    packages: ['oidc-provider', 'jose', 'node:crypto'],
    // oidc-provider reads the browser's cookies off the request itself.
    packageTypes: ['node:http'],
  },
  http: {
    rooms: [...DOMAIN, 'limits', 'oidc', 'operations'],
    packages: ['koa', '@koa/router', '@koa/bodyparser', 'koa-mount', 'eta', 'i18next', 'node:*'],
    // To mount the provider, it names its type.
    packageTypes: ['oidc-provider'],
  },
  store: { rooms: ['errors', 'sync-to-disk'], typesOf: PORT_ROOMS, packages: ['mongoose', 'node:*'] },
  // A CRL is verified and indexed by pki in a worker that network starts: off the event loop, before it is relied on.
  network: { rooms: ['pki', 'errors', 'clock'], typesOf: ['identity'], packages: ['node:*'] },
  operations: { rooms: ['errors', 'clock'], packages: ['pino', 'node:*'] },
  config: {
    rooms: ['errors', 'clock', 'config-schema', 'config-sources', 'document-configuration'],
    typesOf: ['store'],
    packages: ['zod', 'node:path'],
  },
  'config-schema': { rooms: ['identity', 'authentication', 'document-configuration'], packages: ['zod'] },
  'config-sources': { rooms: ['errors'], packages: ['yaml', 'node:fs'] },
  'document-configuration': {
    rooms: ['errors', 'pki', 'identity', 'revocation-configuration'],
    packages: ['zod', 'yaml', 'node:*'],
  },
  'revocation-configuration': { rooms: ['pki'], packages: ['zod'] },
  'sync-to-disk': { rooms: [], packages: ['node:fs'] },
  'keys-directory': { rooms: ['errors', 'oidc', 'sync-to-disk'], packages: ['jose', 'zod', 'node:*'] },
  // Explains certificates to officers and to developers of portals: the rules of pki, asked in JSON.
  checker: {
    rooms: ['pki', 'identity', 'authentication', 'document-configuration', 'errors'],
    packages: ['zod', 'node:fs', 'node:stream'],
  },
  service: { rooms: ['errors'], packages: ['node:*'] },
  // One service in several processes.
  workers: { rooms: ['operations', 'errors', 'clock'], packages: ['node:cluster', 'node:timers/promises'] },
  onboarding: {
    rooms: ['compose-keys', 'network', 'oidc', 'errors'],
    typesOf: ['audit', 'clock', 'config', 'relying-party', 'store'],
    packages: ['node:fs'],
  },
  compose: { rooms: 'all', packages: 'all' },
  'compose-portal-host': {
    rooms: ['authentication', 'config', 'http', 'network', 'oidc'],
    typesOf: ['client-authentication'],
    packages: [],
    packageTypes: ['node:http'],
  },
  'compose-keys': {
    rooms: ['oidc', 'keys-directory'],
    typesOf: ['audit', 'clock', 'config', 'operations', 'store'],
    packages: [],
    packageTypes: ['oidc-provider'],
  },
  'compose-provider': {
    rooms: ['authentication', 'compose-keys', 'http', 'identity', 'oidc', 'onboarding'],
    typesOf: ['citizen', 'compose-portal-host', 'config', 'errors', 'limits', 'not-before', 'relying-party'],
    packages: ['oidc-provider'],
  },
  'compose-listeners': {
    rooms: ['authentication', 'http', 'trust'],
    typesOf: ['config', 'operations'],
    packages: [],
  },
  'compose-health': {
    rooms: ['operations', 'clock', 'errors'],
    typesOf: ['audit', 'compose-portal-host', 'config', 'http', 'network', 'pki', 'store', 'trust'],
    packages: ['node:crypto'],
  },
  'command-line': { rooms: 'all', packages: 'all' },
  main: { rooms: 'all', packages: 'all' },
  demo: { rooms: 'all', packages: 'all' },
};

/** Importing these is the privilege of a few rooms, even where the table says `all`. */
const ONLY_IN: Readonly<Record<string, readonly string[]>> = {
  '@peculiar/x509': ['pki', 'demo'],
  pkijs: ['pki', 'emrtd', 'demo'],
  asn1js: ['pki', 'emrtd', 'demo'],
  'reflect-metadata': ['pki', 'demo'],
  commander: ['main', 'command-line'],
  pino: ['operations'],
  'openid-client': ['demo'],
  'rate-limiter-flexible': ['limits'],
};
const DEMO_IMPORTERS = ['demo', 'command-line', 'compose'];

const PURE = /^(?:pki|identity|client-authentication)\/|^oidc\/(?:claims|subject-identifier)\.ts$/;
const FORBIDDEN_IN_PURE =
  /\bDate\.now\b|\bnew Date\b(?!\s*\(\s*[^)\s])|\bMath\.random\b|(?<![.\w])fetch\s*\(|\bprocess\b\s*[.[]|\bperformance\.now\b/g;
/** Where the rules are, what is learnt from outside comes through ports. */
const WITHOUT_NETWORK =
  /^(?:pki|identity|authentication|client-authentication|relying-party|officer|citizen|audit|trust|sessions)\//;
const NETWORK_CALLS = /\b(?:createConnection|createServer|connect)\s*\(|(?<![.\w])fetch\s*\(/g;

function roomOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : path.replace(/\.ts$/, '');
}

function isListed(name: string, list: readonly string[] | 'all' | undefined): boolean {
  if (list === 'all') return true;
  return list?.some((entry) => entry === name || (entry === 'node:*' && name.startsWith('node:'))) ?? false;
}

/** Every rule that a file breaks, in words. */
function violationsOf(file: SourceFile): string[] {
  const room = ROOMS[roomOf(file.path)];
  if (room === undefined) return [`${file.path}: the table has no room ${roomOf(file.path)}`];
  const found = file.imports.flatMap((imported) => {
    const refusal = refusalOf(file.path, imported, room);
    return refusal === undefined ? [] : [`${file.path} may not import ${imported.specifier}: ${refusal}`];
  });
  if (file.importsUnknown) found.push(`${file.path} imports what only the running program knows`);
  const calls = [
    ...(PURE.test(file.path) ? file.code.matchAll(FORBIDDEN_IN_PURE) : []),
    ...(WITHOUT_NETWORK.test(file.path) ? file.code.matchAll(NETWORK_CALLS) : []),
  ];
  return [...found, ...calls.map(([call]) => `${file.path} may not use ${call.trim()}`)];
}

function refusalOf(from: string, { specifier, typeOnly }: SourceImport, room: Room): string | undefined {
  const own = roomOf(from);
  const target = resolveImport(from, specifier);
  if (target !== undefined) {
    const other = roomOf(target);
    if (target.startsWith('..')) return 'it is outside of src';
    if (other === own) return undefined;
    if (other === 'demo' && !DEMO_IMPORTERS.includes(own)) return 'the demonstration is for the demo command only';
    if (isListed(other, room.rooms) || (typeOnly && isListed(other, room.typesOf))) return undefined;
    return isListed(other, room.typesOf) ? `${own} may name types of ${other} only` : `${own} may not use ${other}`;
  }
  const name = packageOf(specifier);
  const privileged = ONLY_IN[name];
  if (privileged !== undefined && !privileged.includes(own)) return `only ${privileged.join(', ')} may`;
  if (isListed(name, room.packages) || (typeOnly && isListed(name, room.packageTypes))) return undefined;
  return `${own} may not use the package ${name}`;
}

/** A way from a file back to itself along imports that are left at run time. */
function findCycle(files: readonly SourceFile[]): readonly string[] | undefined {
  const edges = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.flatMap(({ specifier, typeOnly }) => (typeOnly ? [] : (resolveImport(path, specifier) ?? []))),
    ]),
  );
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): readonly string[] | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const next of edges.get(path) ?? []) {
      const cycle = visit(next, [...way, path]);
      if (cycle !== undefined) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of edges.keys()) {
    const cycle = visit(path, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

describe('architecture', () => {
  const files = readSourceFiles(new URL('../src/', import.meta.url));

  for (const room of [...new Set(files.map(({ path }) => roomOf(path)))]) {
    it(`${room} imports and calls only what it may`, () => {
      expect(files.filter(({ path }) => roomOf(path) === room).flatMap(violationsOf)).to.deep.equal([]);
    });
  }

  it('has no cycle of files', () => {
    expect(findCycle(files)?.join(' -> ')).to.equal(undefined);
  });

  describe('the check itself', () => {
    const violations = (path: string, code: string): number => violationsOf(parseSource(path, code)).length;
    const forbidden: readonly (readonly [string, string])[] = [
      ['pki/a.ts', "import { AuditLog } from '../audit/audit-log.ts';"],
      ['pki/a.ts', "import type { AuditLog } from '../audit/audit-log.ts';"],
      ['pki/a.ts', "import {\n  type A,\n  b,\n} from '../audit/audit-log.ts';"],
      ['pki/a.ts', "export { b } from '../audit/audit-log.ts';"],
      ['pki/a.ts', "export * from '../audit/audit-log.ts';"],
      ['pki/a.ts', "import '../audit/audit-log.ts';"],
      ['pki/a.ts', "const log = await import('../audit/audit-log.ts');"],
      ['pki/a.ts', 'const log = await import(name);'],
      ['pki/a.ts', "import { readFileSync } from 'node:fs';"],
      ['pki/a.ts', "import koa from 'koa';"],
      ['http/a.ts', "import { X509Certificate } from '@peculiar/x509';"],
      ['compose.ts', "import * as pkijs from 'pkijs';"],
      ['http/a.ts', "import { Provider } from 'oidc-provider';"],
      ['http/a.ts', "import { encodePem } from '../demo/pem.ts';"],
      ['store/a.ts', "import { AuditLog } from '../audit/audit-log.ts';"],
      ['identity/a.ts', "import { help } from '../../test/support/authority.ts';"],
      ['utils/a.ts', ''],
      ['pki/a.ts', 'const now = Date.now();'],
      ['pki/a.ts', 'const now = new Date();'],
      ['pki/a.ts', 'const now = new Date;'],
      ['identity/a.ts', 'const chance = Math.random();'],
      ['authentication/a.ts', 'const socket = connect(443);'],
      ['oidc/claims.ts', 'const answer = await fetch(url);'],
      ['oidc/subject-identifier.ts', 'const key = process.env.KEY;'],
    ];
    for (const [path, code] of forbidden) {
      it(`refuses ${JSON.stringify(code)} in ${path}`, () => {
        expect(violations(path, code)).to.equal(1);
      });
    }

    const permitted: readonly (readonly [string, string])[] = [
      ['pki/a.ts', "import { createHash } from 'node:crypto';"],
      ['pki/a.ts', 'const at = new Date(milliseconds);'],
      ['pki/a.ts', '/** Never reads Date.now(), nor imports:\n * import x from "koa";\n */\n// process.env\n'],
      ['store/a.ts', "import type { AuditStore } from '../audit/audit-log.ts';"],
      ['store/a.ts', "import { type AuditStore, type AuditRecord } from '../audit/audit-log.ts';"],
      ['network/a.ts', 'const now = Date.now();'],
      ['command-line/demo.ts', "import { startDemonstration } from '../demo/demonstration.ts';"],
    ];
    for (const [path, code] of permitted) {
      it(`permits ${JSON.stringify(code)} in ${path}`, () => {
        expect(violations(path, code)).to.equal(0);
      });
    }

    it('finds a cycle over three files', () => {
      const cycle = ['a', 'b', 'c'].map((name, index, names) =>
        parseSource(`pki/${name}.ts`, `import { x } from './${names[(index + 1) % 3]}.ts';`),
      );
      expect(findCycle(cycle)).to.have.length(4);
      expect(findCycle(cycle.slice(0, 2))).to.equal(undefined);
    });
  });
});
