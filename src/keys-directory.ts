/**
 * The keys directory: what the service must hold and never show. Keys are made once, by `thiqa keys generate`, and
 * read at start; a missing key stops the start, because a new subject key would silently give every citizen a new `sub`.
 * The keys that sign are read at the first start only, which takes them over into the key ring of the store.
 */
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { ConfigurationError } from './errors.ts';
import type { FirstKeys } from './oidc/keys/first-ring.ts';
import { DEFAULT_ALGORITHM } from './oidc/keys/key-ring.ts';
import { generateCookieKey, generateSigningKeys } from './oidc/signing-keys.ts';
import { syncToDisk } from './sync-to-disk.ts';

/** What is in no store, and which every start needs. */
export interface ServiceKeys {
  readonly subjectKey: KeyObject;
  /** Seals the key ring of the store. */
  readonly storeKey: KeyObject;
}

const FILES = {
  signing: 'signing.jwks.json',
  cookies: 'cookie.keys.json',
  subject: 'subject.key',
  store: 'store.key',
} as const;

const KEY_OCTETS = 32;

const signingKeysSchema = z.object({
  keys: z
    .array(
      z.looseObject({
        kty: z.literal('EC'),
        crv: z.literal('P-256'),
        d: z.string(),
        kid: z.string(),
        alg: z.literal(DEFAULT_ALGORITHM),
      }),
    )
    .min(1),
});
const cookieKeysSchema = z.array(z.string().min(40)).min(1);

/**
 * @param storeKey base64url of 32 octets, in place of the file
 * @throws ConfigurationError KEYS_MISSING (which file), CONFIG_INVALID (a file that is not of its form)
 */
export function readKeys(directory: string, storeKey?: string): ServiceKeys {
  return {
    subjectKey: secretKey(readKeyFile(directory, FILES.subject), FILES.subject),
    storeKey: secretKey(storeKey ?? readKeyFile(directory, FILES.store), FILES.store),
  };
}

/**
 * The keys that a first start takes over: of each kind, the first signs.
 * @throws ConfigurationError KEYS_MISSING (which file), CONFIG_INVALID (a file that is not of its form)
 */
export function readFirstKeys(directory: string): FirstKeys {
  return {
    signing: parse(directory, FILES.signing, signingKeysSchema).keys,
    cookies: parse(directory, FILES.cookies, cookieKeysSchema),
  };
}

function secretKey(text: string, name: string): KeyObject {
  const octets = Buffer.from(text.trim(), 'base64url');
  if (octets.length !== KEY_OCTETS) throw malformed(name);
  return createSecretKey(octets);
}

/**
 * Makes every key that `directory` lacks; never replaces one.
 * @returns the names of the files that it made
 */
export async function generateKeys(directory: string): Promise<readonly string[]> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const makers: Readonly<Record<string, () => string | Promise<string>>> = {
    [FILES.signing]: async () => JSON.stringify(await generateSigningKeys(), undefined, 2),
    [FILES.cookies]: () => JSON.stringify([generateCookieKey()]),
    [FILES.subject]: newKey,
    [FILES.store]: newKey,
  };
  const made: string[] = [];
  for (const [name, make] of Object.entries(makers)) {
    if (existsSync(join(directory, name))) continue;
    // `wx`: of two processes that start at once, the second fails rather than replace the key of the first.
    writeFileSync(join(directory, name), `${await make()}\n`, { mode: 0o600, flag: 'wx' });
    made.push(name);
  }
  return made;
}

/**
 * The store key that is to come, in a file of its own, which is made where it is absent. It is on the disk before it is
 * returned: what is sealed with it must not outlive it, whatever happens to the machine.
 * @throws ConfigurationError KEYS_MISSING where it can be neither read nor kept, CONFIG_INVALID where it is not of its form
 */
export function nextStoreKey(file: string): KeyObject {
  const [directory, name] = [dirname(file), basename(file)];
  try {
    if (!existsSync(file)) writeFileSync(file, `${newKey()}\n`, { mode: 0o600, flag: 'wx' });
    // Also of a file that was there: whoever made it may not have come so far.
    syncToDisk(file);
    syncToDisk(directory);
  } catch (cause) {
    throw new ConfigurationError('KEYS_MISSING', `${name} cannot be kept in ${directory}`, { cause });
  }
  return secretKey(readKeyFile(directory, name), name);
}

function newKey(): string {
  return randomBytes(KEY_OCTETS).toString('base64url');
}

function readKeyFile(directory: string, name: string): string {
  try {
    return readFileSync(join(directory, name), 'utf8');
  } catch (cause) {
    throw new ConfigurationError(
      'KEYS_MISSING',
      `${name} cannot be read in the keys directory; \`thiqa keys generate\` makes what is missing`,
      { cause },
    );
  }
}

function parse<T>(directory: string, name: string, schema: z.ZodType<T>): T {
  const text = readKeyFile(directory, name);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message would quote the key.
    throw malformed(name);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw malformed(name);
  return parsed.data;
}

function malformed(name: string): ConfigurationError {
  return new ConfigurationError('CONFIG_INVALID', `${name} in the keys directory is not of its form`);
}
