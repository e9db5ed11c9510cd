/**
 * Every setting: its shape, its bounds, what it is unless told. The files that settings name are read by `config.ts`.
 */
import { z } from 'zod';
import { PROXY_PRESETS, trustedPeers } from './authentication/proxy-certificate.ts';
import { authoritiesSchema, documentSchema } from './document-configuration.ts';
import { acrNames, LEVELS_OF_ASSURANCE } from './identity/level-of-assurance.ts';

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

export function isOnLoopback(address: unknown): boolean {
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
export const tlsFiles = z.strictObject({ certificate: path, key: path });

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

export const MONGODB = /^mongodb(?:\+srv)?:\/\/[^/?\s]+/;
const store = z
  .string()
  .refine(
    (value) => /^sqlite:.+$/.test(value) || MONGODB.test(value),
    'must be sqlite: and a folder, or mongodb:// (or mongodb+srv://) and an address',
  );

export const configSchema = z.strictObject({
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

export type ParsedConfig = z.output<typeof configSchema>;
