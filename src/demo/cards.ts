/**
 * Prepares the demonstration's folder: authority, ten cards, TLS certificates, the portal's key. What is there is kept,
 * so that a card imported into a browser stays good at the next start; only the CRLs are issued again each time, and the
 * TLS server certificate when it nears its end.
 */
import { generateKeyPairSync, type X509Certificate } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import {
  type CertificationAuthority,
  createIssuingCa,
  createRootCa,
  issueCard,
  issueCrl,
  type Revocation,
} from './authority.ts';
import {
  AUTHENTICATION_POLICY,
  CARD_DEFINITIONS,
  type CardDefinition,
  type CardId,
  OTHER_DOCUMENT_POLICY,
} from './card-catalogue.ts';
import {
  type CardFiles,
  type CertificateFiles,
  type DemonstrationPaths,
  demonstrationPaths,
  folderUnusable,
  readCertificate,
  readKeys,
  serialNumberOf,
  writeKeyAndCertificate,
  writeWhole,
} from './demonstration-files.ts';
import { encodeName, type NameTemplate } from './distinguished-name.ts';
import { encodePkcs12 } from './pkcs12.ts';
import { generateKeys } from './signing.ts';
import { createTlsRoot, issueServerCertificate, needsRenewal, restoreTlsRoot } from './tls-certificates.ts';

/** The password of every .p12 file of the demonstration. */
export const PKCS12_PASSWORD = 'thiqa';

const DAY = 86_400_000;
/** Raised when what is minted changes, so that an older folder is minted anew. */
const FORMAT = 2;

const ROOT_NAME: NameTemplate = [
  { type: 'countryName', value: 'MA' },
  { type: 'organizationName', value: 'Thiqa demonstration' },
  { type: 'commonName', value: 'Thiqa demonstration root CA' },
];
const ISSUING_NAME: NameTemplate = [
  { type: 'countryName', value: 'MA' },
  { type: 'organizationName', value: 'Thiqa demonstration' },
  { type: 'commonName', value: 'Thiqa demonstration issuing CA' },
];
/** As browsers show it, and as a certificate selection policy names it. */
export const ISSUING_CA_COMMON_NAME = 'Thiqa demonstration issuing CA';

const ROOT_CRL_URL = 'http://pki.thiqa.example/root.crl';
const ISSUING_CRL_URL = 'http://pki.thiqa.example/issuing.crl';

export interface DemonstrationCard extends CardFiles {
  readonly id: CardId;
  readonly title: string;
  /** The code with which the service must refuse the card; none when it must accept it. */
  readonly expectedCode?: string;
}

/** What the demonstration needs to start the service and the portal; every path is under the given folder. */
export interface Demonstration {
  readonly root: CertificateFiles & { readonly crlPath: string };
  readonly issuing: CertificateFiles & { readonly crlPath: string };
  readonly cards: readonly DemonstrationCard[];
  readonly tlsRoot: CertificateFiles;
  readonly tlsServer: CertificateFiles;
  /** Private key of the portal, JWK. */
  readonly portalKeyPath: string;
}

/**
 * Mints what is missing under `directory`, issues the CRLs as of `at`, and says where everything is.
 * @throws ConfigurationError CONFIG_UNREADABLE when the folder cannot be read or written
 */
export async function prepareDemonstration(directory: string, at: Date): Promise<Demonstration> {
  const paths = demonstrationPaths(directory);
  try {
    if (!(await isComplete(paths))) await mintEverything(paths, at);
    await refreshCrls(directory, at);
    await renewServerCertificate(paths, at);
  } catch (cause) {
    throw folderUnusable(directory, cause);
  }
  return {
    root: paths.root,
    issuing: paths.issuing,
    cards: CARD_DEFINITIONS.map((definition: CardDefinition & { id: CardId }) => ({
      id: definition.id,
      title: definition.title,
      ...(definition.expectedCode !== undefined && { expectedCode: definition.expectedCode }),
      ...paths.card(definition.id),
    })),
    tlsRoot: paths.tlsRoot,
    tlsServer: paths.tlsServer,
    portalKeyPath: paths.portalKey,
  };
}

/** Issues both CRLs anew, so that their next update lies a year ahead of `at`. */
export async function refreshCrls(directory: string, at: Date): Promise<void> {
  const paths = demonstrationPaths(directory);
  // Whole milliseconds of the time of issue grow from one CRL to the next (RFC 5280 5.2.3).
  const dates = { thisUpdate: at, nextUpdate: new Date(at.getTime() + 365 * DAY), number: at.getTime() };
  const revocations: Revocation[] = [];
  for (const { id, revocation } of CARD_DEFINITIONS as readonly CardDefinition[]) {
    if (revocation === undefined) continue;
    const certificate = await readCertificate(paths.card(id).certificatePath);
    revocations.push({
      serialNumber: serialNumberOf(certificate),
      revokedAt: new Date(certificate.validFromDate.getTime() + DAY),
      reason: revocation,
    });
  }
  const root = await restore(paths.root, ROOT_NAME);
  const issuing = await restore(paths.issuing, ISSUING_NAME);
  await writeWhole(paths.root.crlPath, issueCrl(root, [], dates));
  await writeWhole(paths.issuing.crlPath, issueCrl(issuing, revocations, dates));
}

async function isComplete(paths: DemonstrationPaths): Promise<boolean> {
  const pairs = [paths.root, paths.issuing, paths.tlsRoot, paths.tlsServer];
  const cards = CARD_DEFINITIONS.map(({ id }) => paths.card(id));
  const files = [
    paths.portalKey,
    ...[...pairs, ...cards].flatMap(({ certificatePath, keyPath }) => [certificatePath, keyPath]),
    ...cards.map(({ pkcs12Path }) => pkcs12Path),
  ];
  try {
    await Promise.all(files.map((file) => access(file)));
    const manifest: unknown = JSON.parse(await readFile(paths.manifest, 'utf8'));
    return typeof manifest === 'object' && manifest !== null && 'format' in manifest && manifest.format === FORMAT;
  } catch {
    // Absent or broken: minted anew. A folder that cannot be written fails there, with its reason.
    return false;
  }
}

/** The manifest comes last: an interrupted minting is started over. */
async function mintEverything(paths: DemonstrationPaths, at: Date): Promise<void> {
  const authority = createDemonstrationAuthority(at);
  const stranger = createDemonstrationAuthority(at);
  await writeKeyAndCertificate(paths.root, authority.root.keys.privateKey, [authority.root.certificate]);
  await writeKeyAndCertificate(paths.issuing, authority.issuing.keys.privateKey, [authority.issuing.certificate]);
  for (const definition of CARD_DEFINITIONS as readonly CardDefinition[]) {
    const { root, issuing } = definition.issuer === 'stranger' ? stranger : authority;
    await mintCard(paths.card(definition.id), definition, issuing, root, at);
  }
  const tlsRoot = createTlsRoot(at);
  await writeKeyAndCertificate(paths.tlsRoot, tlsRoot.keys.privateKey, [tlsRoot.certificate]);
  await issueServer(paths, tlsRoot, at);
  const portalKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  await writeWhole(paths.portalKey, `${JSON.stringify(portalKey.export({ format: 'jwk' }))}\n`);
  await writeWhole(paths.manifest, `${JSON.stringify({ format: FORMAT, mintedAt: at.toISOString() })}\n`);
}

/** A root and an issuing CA with keys of their own. Every call gives the same names: two of them are strangers. */
function createDemonstrationAuthority(at: Date): { root: CertificationAuthority; issuing: CertificationAuthority } {
  const validity = { notBefore: days(at, -1000), notAfter: days(at, 9000) };
  const root = createRootCa(ROOT_NAME, generateKeys('P-384'), validity);
  const issuing = createIssuingCa(root, ISSUING_NAME, generateKeys('P-384'), validity, {
    pathLength: 0,
    policies: [AUTHENTICATION_POLICY, OTHER_DOCUMENT_POLICY],
    crlUrl: ROOT_CRL_URL,
  });
  return { root, issuing };
}

async function mintCard(
  files: CardFiles,
  definition: CardDefinition,
  issuing: CertificationAuthority,
  root: CertificationAuthority,
  at: Date,
): Promise<void> {
  const keys = generateKeys('P-256');
  const validity = {
    notBefore: days(at, definition.validFromDays ?? -30),
    notAfter: days(at, definition.validToDays ?? 3650),
  };
  const certificate = issueCard(issuing, definition.holder, keys.publicKey, validity, {
    policies: [definition.policy ?? AUTHENTICATION_POLICY],
    keyUsages: definition.keyUsages ?? ['digitalSignature'],
    crlUrl: ISSUING_CRL_URL,
    birthDate: definition.birthDate,
    gender: definition.gender,
  });
  await writeKeyAndCertificate(files, keys.privateKey, [certificate]);
  const pkcs12 = encodePkcs12({
    privateKey: keys.privateKey,
    certificates: [certificate, issuing.certificate, root.certificate],
    friendlyName: `Thiqa ${definition.id}`,
    password: PKCS12_PASSWORD,
  });
  await writeWhole(files.pkcs12Path, pkcs12);
}

async function renewServerCertificate(paths: DemonstrationPaths, at: Date): Promise<void> {
  if (!needsRenewal(await readCertificate(paths.tlsServer.certificatePath), at)) return;
  const certificate: X509Certificate = await readCertificate(paths.tlsRoot.certificatePath);
  await issueServer(paths, restoreTlsRoot(certificate, await readKeys(paths.tlsRoot.keyPath)), at);
}

async function issueServer(paths: DemonstrationPaths, root: CertificationAuthority, at: Date): Promise<void> {
  const keys = generateKeys('P-256');
  const certificate = issueServerCertificate(root, keys.publicKey, at);
  await writeKeyAndCertificate(paths.tlsServer, keys.privateKey, [certificate]);
}

async function restore(files: CertificateFiles, name: NameTemplate): Promise<CertificationAuthority> {
  const { raw } = await readCertificate(files.certificatePath);
  return { name: encodeName(name), keys: await readKeys(files.keyPath), certificate: raw };
}

function days(at: Date, number: number): Date {
  return new Date(at.getTime() + number * DAY);
}
