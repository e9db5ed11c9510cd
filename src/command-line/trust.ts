/**
 * `thiqa trust`: the CAs whose cards are accepted.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config.ts';
import { readCertificateFile } from '../document-configuration.ts';
import { ConfigurationError, ThiqaError } from '../errors.ts';
import type { Certificate } from '../pki/certificate.ts';
import { addTrust, refreshTrust, removeTrust, type TrustPorts } from '../trust/change-trust.ts';
import { listTrust } from '../trust/list-trust.ts';
import type { TrustKind, TrustSubject } from '../trust/trust-list.ts';
import { withFirstStore } from './store-access.ts';
import { configOption, endWithReader, print } from './terminal.ts';

export function addTrustCommand(program: Command): void {
  const trust = program
    .command('trust')
    .description('the CAs whose cards are accepted, while the service runs')
    .hook('preAction', endWithReader);
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
}

/** Refused whole when the configuration has problems: a command must not say what a service would not do. */
async function withTrust(configFile: string, use: (ports: TrustPorts) => Promise<void>): Promise<void> {
  const { documents } = loadConfig(configFile, process.env);
  await withFirstStore(configFile, (store, audit) => use({ documents, trust: store.trust, audit, clock: systemClock }));
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

function parseSha256(text: string): string {
  const hexadecimal = text.replaceAll(':', '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(hexadecimal)) throw new InvalidArgumentError('a SHA-256 has 64 hexadecimal digits');
  return hexadecimal;
}
