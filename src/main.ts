#!/usr/bin/env node
/**
 * The command line. Each command is a few lines that call a use case. Exit codes: 0 done; 1 failed; 2 refused, with a
 * code on standard output; 78 (EX_CONFIG of sysexits) a configuration with problems, nothing started.
 */
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { AuditLog } from './audit/audit-log.ts';
import { checkCertificate } from './checker/check-certificate.ts';
import { answerLines } from './checker/ndjson.ts';
import { reportFiles } from './checker/report-files.ts';
import { systemClock } from './clock.ts';
import { composeService } from './compose.ts';
import { loadConfig, problemsOf, readYaml } from './config.ts';
import { CARD_DEFINITIONS } from './demo/card-catalogue.ts';
import { CONFIG_FILE, DEFAULT_PORTAL_PORT, startDemonstration } from './demo/demonstration.ts';
import { demonstrationPaths } from './demo/demonstration-files.ts';
import { signInWithCard } from './demo/sign-in.ts';
import { welcomeText } from './demo/welcome.ts';
import { readCertificateFile } from './document-configuration.ts';
import { ConfigurationError, OnboardingError, ThiqaError } from './errors.ts';
import { generateKeys } from './keys-directory.ts';
import { APPROVABLE_CLAIMS } from './oidc/claims.ts';
import { createLog } from './operations/log.ts';
import type { Certificate } from './pki/certificate.ts';
import { registerPortal } from './relying-party/register-portal.ts';
import { openSqliteStore } from './store/sqlite/sqlite-store.ts';
import type { Store } from './store/store.ts';
import { addTrust, refreshTrust, removeTrust, type TrustPorts } from './trust/change-trust.ts';
import { listTrust } from './trust/list-trust.ts';
import type { TrustKind, TrustSubject } from './trust/trust-list.ts';

const DEMONSTRATION_CONFIG = join('data', CONFIG_FILE);
const DEFAULT_CONFIG = join('config', 'thiqa.yaml');
const EXIT_REFUSED = 2;
const EXIT_CONFIGURATION = 78;

const program = new Command('thiqa')
  .description('Signs citizens in with their electronic ID card, for portals that speak OpenID Connect.')
  .helpCommand(false);
const configOption = [
  '--config <file>',
  `the configuration (YAML); else THIQA_CONFIG, ${DEMONSTRATION_CONFIG} when there is one, ${DEFAULT_CONFIG}`,
  chooseConfig(),
] as const;

program
  .command('serve')
  .description('run the service')
  .requiredOption('--config <file>', 'the configuration of the service (YAML)')
  .action(async ({ config: file }: { config: string }) => {
    const readConfig = () => loadConfig(file, process.env);
    const config = readConfig();
    const log = createLog(config.log.level);
    const service = await composeService(config, { log, readConfig });
    // Before the start is announced: whoever waits for that may send one at once.
    process.on('SIGHUP', () => service.reload().catch((error: unknown) => log.failure('reload', error)));
    await service.start();
    onStop(() => service.stop());
  });

const demo = program
  .command('demo')
  .description('run the service with a demonstration authority, ten cards and a portal')
  .option('--data <folder>', 'where the demonstration is kept', 'data')
  .option('--port <port>', 'port of the issuer', parsePort, 4000)
  .option('--card-port <port>', 'port of the card host', parsePort, 4443)
  .option('--portal-port <port>', 'port of the portal', parsePort, DEFAULT_PORTAL_PORT)
  .option('--log-level <level>', 'fatal, error, warn, info, debug or silent', 'warn')
  .action(async (options) => {
    const running = await startDemonstration({
      directory: resolve(options.data),
      issuerPort: options.port,
      cardPort: options.cardPort,
      portalPort: options.portalPort,
      log: createLog(options.logLevel, 2),
    });
    print(welcomeText(running));
    onStop(() => running.stop());
  });

demo
  .command('sign-in')
  .description('sign in to the running demonstration portal with a card file, without a browser')
  .requiredOption('--card <name>', `one of: ${CARD_DEFINITIONS.map(({ id }) => id).join(', ')}`, parseCard)
  .action(async (options: { card: string }, command: Command) => {
    const { data, portalPort } = command.optsWithGlobals<{ data: string; portalPort: number }>();
    const paths = demonstrationPaths(resolve(data));
    const card = paths.card(options.card);
    const outcome = await signInWithCard({
      portal: new URL(`http://localhost:${portalPort}/`),
      tlsRootPem: readOrExplain(paths.tlsRoot.certificatePath),
      card: { certificatePem: readOrExplain(card.certificatePath), keyPem: readOrExplain(card.keyPath) },
    });
    print(JSON.stringify('claims' in outcome ? outcome.claims : outcome, undefined, 2));
    if (!('claims' in outcome)) process.exitCode = EXIT_REFUSED;
  });

const keys = program.command('keys').description('the keys of the service');
keys
  .command('generate')
  .description('make every key that the keys directory lacks; never replaces one')
  .option('--directory <folder>', 'the keys directory', 'keys')
  .action(async ({ directory }: { directory: string }) => {
    const made = await generateKeys(resolve(directory));
    print(made.length === 0 ? 'every key is there' : made.map((name) => `made ${name}`).join('\n'));
  });

const portal = program.command('portal').description('the portals that delegate sign-in');
portal
  .command('register')
  .description('register a portal from a file (YAML or JSON); prints its client_id, and its secret once')
  .argument('<file>')
  .option(...configOption)
  .action((file: string, { config }: { config: string }) =>
    withStore(config, async (store, audit) => {
      const registered = await registerPortal(readYaml(file), {
        portals: store.portals,
        audit,
        clock: systemClock,
        approvableClaims: APPROVABLE_CLAIMS,
      });
      print(
        JSON.stringify({ client_id: registered.portal.clientId, client_secret: registered.clientSecret }, undefined, 2),
      );
    }),
  );
portal
  .command('list')
  .description('print the portals, one JSON object a line')
  .option(...configOption)
  .action(({ config }: { config: string }) =>
    withStore(config, async (store) => {
      for (const {
        clientId,
        name,
        sector,
        redirectUris,
        tokenEndpointAuthMethod,
        claims,
        status,
        registeredAt,
      } of await store.portals.list()) {
        print(
          JSON.stringify({
            client_id: clientId,
            name,
            sector,
            redirect_uris: redirectUris,
            token_endpoint_auth_method: tokenEndpointAuthMethod,
            claims,
            status,
            registered_at: registeredAt,
          }),
        );
      }
    }),
  );

const trust = program.command('trust').description('the CAs whose cards are accepted, while the service runs');
trust
  .command('list')
  .description('print every CA certificate that is trusted, one JSON object a line')
  .requiredOption(...configOption)
  .action(({ config }: { config: string }) =>
    withTrust(config, async ({ documents, trust, clock }) => {
      for (const { life, addedAt, note, ...listed } of await listTrust(documents, trust, clock())) {
        print(
          JSON.stringify({
            ...trustSubjectJson(listed),
            source: listed.source,
            ...(life && {
              subject: life.subject,
              not_before: life.notBefore,
              not_after: life.notAfter,
              days_left: life.daysLeft,
            }),
            added_at: addedAt,
            note,
          }),
        );
      }
    }),
  );
trust
  .command('add')
  .description('trust a CA certificate (PEM or DER) for one document; every running process does so at once')
  .argument('<file>')
  .requiredOption('--profile <id>', 'the document that the CA issues')
  .addOption(
    new Option('--kind <kind>', 'an anchor ends a certification path, an intermediate completes one')
      .choices(['anchor', 'intermediate'])
      .default('anchor'),
  )
  .option('--key-sha256 <hex>', 'refuse any other key: SHA-256 of the SubjectPublicKeyInfo', parseSha256)
  .requiredOption(...configOption)
  .action((file: string, options: { profile: string; kind: TrustKind; keySha256?: string; config: string }) =>
    withTrust(options.config, async (ports) => {
      const { profile, kind, keySha256 } = options;
      const { added, note } = await addTrust({ certificate: readTrustFile(file), profile, kind, keySha256 }, ports);
      print(JSON.stringify({ added: trustSubjectJson(added), note }, undefined, 2));
    }),
  );
trust
  .command('remove')
  .description('trust a key no longer for one document; every running process does so at once')
  .argument('<key-sha256>', 'SHA-256 of the SubjectPublicKeyInfo, hexadecimal', parseSha256)
  .requiredOption('--profile <id>', 'the document')
  .requiredOption(...configOption)
  .action((keySha256: string, { profile, config }: { profile: string; config: string }) =>
    withTrust(config, async (ports) => {
      const { removed, note } = await removeTrust(keySha256, profile, ports);
      print(JSON.stringify({ removed: removed.map(trustSubjectJson), note }, undefined, 2));
    }),
  );
trust
  .command('refresh')
  .description('make every running process read the documents of its configuration, and the trust list, again')
  .requiredOption(...configOption)
  .action(({ config }: { config: string }) => withTrust(config, refreshTrust));

const auditCommand = program.command('audit').description('the record of what happened');
auditCommand
  .command('verify')
  .description('check the hash chain of the whole audit log')
  .option(...configOption)
  .action(({ config }: { config: string }) =>
    withStore(config, async (_store, audit) => {
      const last = await audit.verify();
      print(JSON.stringify({ verdict: 'whole', records: last?.sequence ?? 0, hash: last?.hash }));
    }),
  );

const check = program
  .command('check')
  .description('explain what this service decides, for officers and portal developers');
check
  .command('certificate')
  .description('the verdict on certificates: a readable report, or one JSON answer for each JSON request')
  .argument('[files...]', 'certificates, PEM or DER')
  .option('--input <file>', 'one JSON request a line; - for standard input')
  .option(...configOption)
  .option('--profile <id>', 'the document that the certificates should be')
  .option('--at <time>', 'ISO 8601; now unless told', parseTime)
  .action(
    async (
      files: string[],
      options: { input?: string; config: string; profile?: string; at?: Date },
      command: Command,
    ) => {
      if (options.input !== undefined) {
        const input = options.input === '-' ? process.stdin : createReadStream(options.input);
        await answerLines(input, process.stdout, checkCertificate);
        return;
      }
      const unconfigured = command.getOptionValueSource('config') === 'default' && options.config === DEFAULT_CONFIG;
      const report = reportFiles(files, {
        // Nothing configured in this folder: the report then says so.
        documents: unconfigured ? [] : loadConfig(options.config, process.env).documents,
        profile: options.profile,
        at: options.at ?? systemClock(),
      });
      print(report.text);
      if (report.verdict === 'invalid') process.exitCode = EXIT_REFUSED;
    },
  );

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}

/** Prints why a command ended, and returns its exit code. Nothing of it is a stack trace unless the error is ours to mend. */
function explain(error: unknown): number {
  // A bare TRUST code is of a `trust` command; in a configuration it stands among the problems.
  if (error instanceof OnboardingError || (error instanceof ConfigurationError && error.code.startsWith('TRUST_'))) {
    print(JSON.stringify({ code: error.code, message: error.message, ...error.detail }, undefined, 2));
    return EXIT_REFUSED;
  }
  if (error instanceof ConfigurationError) {
    for (const { path, message } of problemsOf(error)) complain(path === '' ? message : `${path}: ${message}`);
    return EXIT_CONFIGURATION;
  }
  if (error instanceof ThiqaError) complain(`${error.code}: ${error.message}`);
  else if (error instanceof Error && error.name === 'SignInInterrupted') complain(error.message);
  else complain(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return 1;
}

/** Refused whole when the configuration has problems: a command must not say what a service would not do. */
async function withTrust(configFile: string, use: (ports: TrustPorts) => Promise<void>): Promise<void> {
  const { documents } = loadConfig(configFile, process.env);
  await withStore(configFile, (store, audit) => use({ documents, trust: store.trust, audit, clock: systemClock }));
}

function trustSubjectJson({ profile, kind, keySha256, certificateSha256 }: TrustSubject) {
  return { profile, kind, key_sha256: keySha256, certificate_sha256: certificateSha256 };
}

/** @throws ConfigurationError CONFIG_UNREADABLE; CertificateError CERT_MALFORMED, CERT_TOO_LARGE */
function readTrustFile(file: string): Certificate {
  try {
    return readCertificateFile(file);
  } catch (cause) {
    if (cause instanceof ThiqaError) throw cause;
    throw new ConfigurationError('CONFIG_UNREADABLE', `${file} cannot be read`, { cause });
  }
}

async function withStore(configFile: string, use: (store: Store, audit: AuditLog) => Promise<void>): Promise<void> {
  const store = await openSqliteStore({ directory: loadConfig(configFile, process.env).store.directory });
  try {
    await use(store, new AuditLog(store.audit, systemClock));
  } finally {
    await store.close();
  }
}

/** SIGTERM and SIGINT drain and close; a second signal ends at once. */
function onStop(stop: () => Promise<void>): void {
  let stopping = false;
  const handle = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    stop().then(
      () => process.exit(0),
      (error: unknown) => process.exit(explain(error) || 1),
    );
  };
  process.on('SIGTERM', handle);
  process.on('SIGINT', handle);
}

/** A command beside `npm start` means the demonstration; elsewhere it means the service of this folder. */
function chooseConfig(): string {
  return process.env.THIQA_CONFIG ?? (existsSync(DEMONSTRATION_CONFIG) ? DEMONSTRATION_CONFIG : DEFAULT_CONFIG);
}

function parseTime(text: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) throw new InvalidArgumentError('a time is of the form 2026-11-25T12:00:00Z');
  return at;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new InvalidArgumentError('a port is a number from 1 to 65535');
  return port;
}

function parseSha256(text: string): string {
  const hexadecimal = text.replaceAll(':', '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(hexadecimal)) throw new InvalidArgumentError('a SHA-256 has 64 hexadecimal digits');
  return hexadecimal;
}

function parseCard(text: string): string {
  if (!CARD_DEFINITIONS.some(({ id }) => id === text)) throw new InvalidArgumentError('there is no such card');
  return text;
}

function readOrExplain(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigurationError(
      'CONFIG_UNREADABLE',
      `${file} cannot be read; start the demonstration first (npm start)`,
      { cause },
    );
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function complain(text: string): void {
  process.stderr.write(`thiqa: ${text}\n`);
}
