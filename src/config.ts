/**
 * unknown -> frozen Config. Every problem at once, each with its path; nothing starts with a configuration that has one.
 * File and environment go through the same schema, so a value means the same wherever it stands (S21).
 */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { PROXY_PRESETS, trustedPeers } from './authentication/proxy-certificate.ts';
import { systemClock } from './clock.ts';
import {
  authoritiesSchema,
  type ConfiguredAuthorities,
  type ConfiguredDocument,
  documentSchema,
  readAuthorities,
  readDocument,
} from './document-configuration.ts';
import { ConfigurationError, ThiqaError } from './errors.ts';
import { acrNames, LEVELS_OF_ASSURANCE } from './identity/level-of-assurance.ts';
import type { StoreSettings } from './store/open-store.ts';

const port = z.int().min(1).max(65535);
const listen = z.strictObject({ host: z.string().min(1), port });
const seconds = (longest: number) => z.int().min(1).max(longest);
const path = z.string().min(1);
export const MOST_WORKERS = 64;
const workerCount = z.int().min(1).max(MOST_WORKERS);
const rateLimit = (points: number) =>
  z
    .strictObject({ points: z.int().min(1).max(1_000_000).default(points), seconds: seconds(3600).default(60) })
    .prefault({});
const peers = z.array(z.string()).superRefine((entries, context) => {
  try {
    trustedPeers(entries);
  } catch {
    context.addIssue({
      code: 'custom',
      message: 'each entry must be an IP address or a network in CIDR form, and none that has every IPv4 address in it',
    });
  }
});

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

function isOnLoopback(address: unknown): boolean {
  return LOOPBACK.includes(URL.parse(String(address))?.hostname ?? '');
}

const issuer = z.string().superRefine((value, context) => {
  const url = URL.parse(value);
  // OpenID Connect Discovery 1.0 section 3: no query, no fragment; here no path either.
  if (url === null || url.origin !== value)
    context.addIssue({
      code: 'custom',
      message: 'must be an origin such as https://id.example.ma, without a trailing slash',
    });
  else if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isOnLoopback(value))) {
    context.addIssue({ code: 'custom', message: 'must be https, except on loopback' });
  }
});

/** Files of PEM. */
const tlsFiles = z.strictObject({ certificate: path, key: path });

/** A listener that asks for certificates, or stands behind a proxy that does. */
const certificateListener = {
  publicPort: port.default(443),
  listen,
  mode: z.enum(['tls', 'header']),
  tls: tlsFiles.optional(),
  header: z
    .strictObject({
      preset: z.enum(PROXY_PRESETS),
      trustedPeers: peers.min(1, 'header mode needs the list of the proxies that may speak for a handshake'),
    })
    .optional(),
};

/** S1: a header mode that nobody limited must not start. */
function requireSectionOfMode(
  value: { readonly mode: 'tls' | 'header'; readonly tls?: unknown; readonly header?: unknown },
  context: z.RefinementCtx,
): void {
  if (value[value.mode] === undefined) {
    context.addIssue({ code: 'custom', path: [value.mode], message: `mode ${value.mode} needs this section` });
  }
}

const cardHost = z
  .strictObject({ domain: z.hostname().toLowerCase(), ...certificateListener })
  .superRefine(requireSectionOfMode);

const mtls = z
  .strictObject({
    host: z.hostname().toLowerCase(),
    ...certificateListener,
    /** The CAs of tls_client_auth; without them only registered certificates count. */
    authorities: authoritiesSchema.optional(),
  })
  .superRefine(requireSectionOfMode);

/** For demonstrations. A service that citizens rely on has no such section. */
const sandbox = z.strictObject({
  virtualCards: z.boolean().default(false),
  /** The demonstration's folder, which holds the cards. */
  directory: path.default('.'),
  /** On loopback the section is enough; anywhere else it must be meant. */
  publicIssuer: z.boolean().default(false),
  /** Hosts of portals (`host:port`) whose key sets and the like may be fetched from private addresses, and their CA. */
  portalHosts: z.array(z.string().regex(/^[^/:\s]+:\d{1,5}$/, 'each entry must be host:port')).default([]),
  portalAuthority: path.optional(),
});

const MONGODB = /^mongodb(?:\+srv)?:\/\/[^/?\s]+/;
const store = z
  .string()
  .refine(
    (value) => /^sqlite:.+$/.test(value) || MONGODB.test(value),
    'must be sqlite: and a folder, or mongodb:// (or mongodb+srv://) and an address',
  );

const configSchema = z.strictObject({
  issuer,
  listen,
  /** The issuer's listener ends TLS itself. Without it, a proxy does. */
  tls: tlsFiles.optional(),
  cardHost,
  /** The host of portals that show certificates (RFC 8705); none unless told. */
  mtls: mtls.optional(),
  store,
  keys: z.strictObject({
    directory: path,
    /** In place of the file `store.key`: for the environment (THIQA_KEYS__STORE_KEY). */
    storeKey: z
      .string()
      .regex(/^[\w-]{43}$/, 'must be 32 octets in base64url, as `thiqa keys generate` makes them')
      .optional(),
    publishSeconds: seconds(30 * 86_400).default(86_400),
    cacheSeconds: seconds(30 * 86_400).default(3600),
    rotateAfterDays: z.int().min(1).max(3650).optional(),
  }),
  documents: z.array(documentSchema).min(1, 'at least one document must be accepted'),
  /** Other names of the levels of assurance, as portals may ask for them in `acr_values`. */
  acrAliases: z
    .record(
      // Names stand in a list that spaces separate (OpenID Connect Core 3.1.2.1).
      z
        .string()
        .regex(/^[\x21-\x7e]+$/, 'must be one word of ASCII')
        .refine((name) => !acrNames().has(name), 'is the name of a level already'),
      z.enum(LEVELS_OF_ASSURANCE),
    )
    .default({}),
  lifetimes: z
    .strictObject({
      challengeSeconds: seconds(900).default(300),
      handOffSeconds: seconds(300).default(60),
      interactionSeconds: seconds(3600).default(900),
      sessionSeconds: seconds(43_200).default(900),
      authorizationCodeSeconds: seconds(60).default(60),
      accessTokenSeconds: seconds(3600).default(600),
      idTokenSeconds: seconds(3600).default(600),
      logoutNoticeSeconds: seconds(7 * 86_400).default(86_400),
    })
    .prefault({}),
  revocation: z
    .strictObject({
      refreshIntervalSeconds: seconds(86_400).default(300),
      allowedHosts: z.array(z.string()).default([]),
      privateHosts: z.array(z.string()).default([]),
      /** Where indexes of large CRLs are kept; beside a SQLite store unless told. */
      indexDirectory: path.optional(),
    })
    .prefault({}),
  limits: z
    .strictObject({
      enabled: z.boolean().default(true),
      perAddress: rateLimit(600),
      perClient: rateLimit(12_000),
      connectionsPerAddress: z.int().min(1).max(100_000).default(500),
      trustedProxies: peers.default(['127.0.0.0/8', '::1']),
    })
    .prefault({}),
  /** A listener for operators only; none unless told. */
  management: z.strictObject({ listen }).optional(),
  health: z.strictObject({ lookAheadDays: z.int().min(1).max(3650).default(30) }).prefault({}),
  sandbox: sandbox.optional(),
  log: z
    .strictObject({ level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info') })
    .prefault({}),
  drainSeconds: seconds(300).default(10),
  /** Processes that serve citizens. */
  workers: workerCount.default(1),
});

type Parsed = z.output<typeof configSchema>;

export interface Config extends Omit<Parsed, 'mtls' | 'documents' | 'store'> {
  readonly mtls?: Omit<NonNullable<Parsed['mtls']>, 'authorities'> & {
    readonly authorities?: ConfiguredAuthorities | undefined;
  };
  readonly store: StoreSettings;
  readonly documents: readonly ConfiguredDocument[];
}

/** One thing that is wrong, and where: `cardHost.header.trustedPeers`. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** Names that begin like settings and are none. */
const NOT_SETTINGS = new Set(['THIQA_CONFIG', 'THIQA_VECTORS']);

/**
 * @param file the YAML file
 * @param environment whose THIQA_ variables win over the file
 * @throws ConfigurationError CONFIG_UNREADABLE, or CONFIG_INVALID with `detail.problems: Problem[]`
 */
export function loadConfig(file: string, environment: Readonly<Record<string, string | undefined>>): Config {
  const { settings, problems } = withEnvironment(readYaml(file), environment);
  return parseConfig(settings, dirname(resolve(file)), problems);
}

/**
 * @param value the settings, unknown
 * @param base folder that relative paths start from
 * @param found problems that reading the settings found already
 * @throws ConfigurationError CONFIG_INVALID with `detail.problems: Problem[]`
 */
export function parseConfig(value: unknown, base: string, found: readonly Problem[] = []): Config {
  const parsed = configSchema.safeParse(value);
  const problems = [...found];
  if (!parsed.success)
    problems.push(...parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })));

  if (
    isSection(value) &&
    isSection(value.sandbox) &&
    value.sandbox.publicIssuer !== true &&
    !isOnLoopback(value.issuer)
  )
    problems.push({
      path: 'sandbox.publicIssuer',
      message: 'a sandbox whose issuer is not on loopback must say true here',
    });

  if (isSection(value) && value.tls !== undefined && !String(value.issuer).startsWith('https:'))
    problems.push({ path: 'issuer', message: 'must be https, for the section tls makes its listener speak TLS' });

  // The documents are files of their own; their problems belong in the same list, even when another section is wrong.
  const documents: ConfiguredDocument[] = [];
  const section = z.looseObject({ documents: z.array(z.unknown()) }).safeParse(value);
  for (const [index, entry] of (section.success ? section.data.documents : []).entries()) {
    const document = documentSchema.safeParse(entry);
    if (!document.success) continue;
    const place = `documents.${index}`;
    try {
      documents.push(
        readDocument(document.data, base, systemClock(), (at, message) =>
          problems.push({ path: at === '' ? place : `${place}.${at}`, message }),
        ),
      );
    } catch (error) {
      if (!(error instanceof ThiqaError)) throw error;
      problems.push({ path: place, message: `${error.code}: ${error.message}` });
    }
  }

  const mtlsSection = z.looseObject({ mtls: z.looseObject({ authorities: authoritiesSchema }) }).safeParse(value);
  const authorities =
    mtlsSection.success &&
    readAuthorities(mtlsSection.data.mtls.authorities, base, systemClock(), (at, message) =>
      problems.push({ path: `mtls.authorities.${at}`, message }),
    );
  // One origin would make browsers ask citizens for certificates.
  if (parsed.success && parsed.data.mtls && originOf(parsed.data.mtls) === parsed.data.issuer)
    problems.push({ path: 'mtls.host', message: 'must be another host, or another port, than the issuer' });

  if (!parsed.success || problems.length > 0) {
    throw new ConfigurationError('CONFIG_INVALID', 'the configuration has problems', { detail: { problems } });
  }
  const { tls, cardHost: host, mtls: portalHost, keys, sandbox: demonstration, ...rest } = parsed.data;
  const absolute = (relative: string): string => resolve(base, relative);
  const absoluteFiles = ({ certificate, key }: z.output<typeof tlsFiles>): z.output<typeof tlsFiles> => ({
    certificate: absolute(certificate),
    key: absolute(key),
  });
  const settings: StoreSettings = MONGODB.test(rest.store)
    ? { kind: 'mongodb', url: rest.store }
    : { kind: 'sqlite', directory: absolute(rest.store.slice('sqlite:'.length)) };
  const besideStore = settings.kind === 'sqlite' ? join(settings.directory, 'crl-index') : undefined;
  const { indexDirectory = besideStore } = rest.revocation;
  return deepFreeze({
    ...rest,
    cardHost: {
      ...host,
      ...(host.tls && { tls: absoluteFiles(host.tls) }),
    },
    ...(tls && { tls: absoluteFiles(tls) }),
    ...(portalHost && {
      mtls: {
        ...portalHost,
        ...(portalHost.tls && { tls: absoluteFiles(portalHost.tls) }),
        authorities: authorities || undefined,
      },
    }),
    keys: { ...keys, directory: absolute(keys.directory) },
    ...(demonstration && {
      sandbox: {
        ...demonstration,
        directory: absolute(demonstration.directory),
        ...(demonstration.portalAuthority !== undefined && {
          portalAuthority: absolute(demonstration.portalAuthority),
        }),
      },
    }),
    store: settings,
    revocation: {
      ...rest.revocation,
      indexDirectory: indexDirectory === undefined ? undefined : absolute(indexDirectory),
    },
    documents,
  });
}

/** Of the portals' host, as portals see it. */
export function originOf({ host, publicPort }: Pick<NonNullable<Parsed['mtls']>, 'host' | 'publicPort'>): string {
  return `https://${host}${publicPort === 443 ? '' : `:${publicPort}`}`;
}

/** The problems that a configuration error carries, for whoever prints them. */
export function problemsOf(error: ConfigurationError): readonly Problem[] {
  const problems = error.detail.problems;
  // Written above, or absent.
  return Array.isArray(problems) ? (problems as Problem[]) : [{ path: '', message: `${error.code}: ${error.message}` }];
}

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
function withEnvironment(
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

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Plain objects and lists only: certificates and anchors are immutable already. */
function deepFreeze<T>(value: T): T {
  if (Array.isArray(value) || (isSection(value) && Object.getPrototypeOf(value) === Object.prototype)) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
