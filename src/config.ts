/**
 * unknown -> frozen Config. Every problem at once, each with its path; nothing starts with a configuration that has one.
 * File and environment go through the same schema, so a value means the same wherever it stands (S21).
 */
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { systemClock } from './clock.ts';
import { configSchema, isOnLoopback, MONGODB, type ParsedConfig, type tlsFiles } from './config-schema.ts';
import { isSection, type Problem, readYaml, withEnvironment } from './config-sources.ts';
import {
  authoritiesSchema,
  type ConfiguredAuthorities,
  type ConfiguredDocument,
  documentSchema,
  readAuthorities,
  readDocument,
} from './document-configuration.ts';
import { ConfigurationError, ThiqaError } from './errors.ts';
import type { StoreSettings } from './store/open-store.ts';

export interface Config extends Omit<ParsedConfig, 'mtls' | 'documents' | 'store'> {
  readonly mtls?: Omit<NonNullable<ParsedConfig['mtls']>, 'authorities'> & {
    readonly authorities?: ConfiguredAuthorities | undefined;
  };
  readonly store: StoreSettings;
  readonly documents: readonly ConfiguredDocument[];
}

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
export function originOf({ host, publicPort }: Pick<NonNullable<ParsedConfig['mtls']>, 'host' | 'publicPort'>): string {
  return `https://${host}${publicPort === 443 ? '' : `:${publicPort}`}`;
}

/** The problems that a configuration error carries, for whoever prints them. */
export function problemsOf(error: ConfigurationError): readonly Problem[] {
  const problems = error.detail.problems;
  // Written above, or absent.
  return Array.isArray(problems) ? (problems as Problem[]) : [{ path: '', message: `${error.code}: ${error.message}` }];
}

/** Plain objects and lists only: certificates and anchors are immutable already. */
function deepFreeze<T>(value: T): T {
  if (Array.isArray(value) || (isSection(value) && Object.getPrototypeOf(value) === Object.prototype)) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
