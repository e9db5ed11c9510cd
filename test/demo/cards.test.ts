import { execFileSync, spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Demonstration, PKCS12_PASSWORD, prepareDemonstration } from '../../src/demo/cards.ts';
import { ConfigurationError } from '../../src/errors.ts';

const AT = new Date('2026-06-01T12:00:00Z');
const YEARS_LATER = new Date('2028-05-20T12:00:00Z');

const has = (program: string, ...version: string[]): boolean => spawnSync(program, version).error === undefined;

describe('demonstration: the prepared folder', () => {
  let directory: string;
  let demonstration: Demonstration;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'thiqa-demonstration-'));
    demonstration = await prepareDemonstration(directory, AT);
  });
  after(() => rmSync(directory, { recursive: true }));

  const read = (path: string): X509Certificate => new X509Certificate(readFileSync(path));
  const card = (id: string) => {
    const found = demonstration.cards.find((candidate) => candidate.id === id);
    if (found === undefined) throw new TypeError(`no card ${id}`);
    return found;
  };
  const opensslVerdict = (id: string): string => {
    const { status, stdout, stderr } = spawnSync(
      'openssl',
      [
        'verify',
        '-x509_strict',
        '-attime',
        String(AT.getTime() / 1000),
        '-crl_check_all',
        '-purpose',
        'sslclient',
        '-policy_check',
        '-explicit_policy',
        '-policy',
        '2.999.504.10',
        '-CAfile',
        demonstration.root.certificatePath,
        '-untrusted',
        demonstration.issuing.certificatePath,
        '-CRLfile',
        join(directory, 'crls.pem'),
        card(id).certificatePath,
      ],
      { encoding: 'utf8' },
    );
    return status === 0 ? 'OK' : (/depth lookup: (.*)/.exec(stderr)?.[1] ?? stdout + stderr);
  };

  it('has the ten cards, each with certificate, key and PKCS #12 file', () => {
    expect(demonstration.cards.map(({ id }) => id)).to.deep.equal([
      'valid',
      'valid-arabic',
      'renewed',
      'expired',
      'not-yet-valid',
      'revoked',
      'suspended',
      'wrong-policy',
      'signature-only',
      'unknown-ca',
    ]);
    for (const { certificatePath, keyPath, pkcs12Path } of demonstration.cards) {
      expect(read(certificatePath).checkPrivateKey(createPrivateKey(readFileSync(keyPath)))).to.equal(true);
      expect(statSync(pkcs12Path).size).to.be.above(1000);
      expect(statSync(keyPath).mode & 0o077).to.equal(0);
    }
  });

  it('has cards that OpenSSL accepts and refuses for the reason that their title says', function () {
    if (!has('openssl', 'version')) this.skip();
    const crls = [demonstration.root.crlPath, demonstration.issuing.crlPath].map((path) =>
      execFileSync('openssl', ['crl', '-inform', 'DER', '-in', path]),
    );
    writeFileSync(join(directory, 'crls.pem'), Buffer.concat(crls));
    expect(Object.fromEntries(demonstration.cards.map(({ id }) => [id, opensslVerdict(id)]))).to.deep.equal({
      valid: 'OK',
      'valid-arabic': 'OK',
      renewed: 'OK',
      expired: 'certificate has expired',
      'not-yet-valid': 'certificate is not yet valid',
      revoked: 'certificate revoked',
      suspended: 'certificate revoked',
      'wrong-policy': 'no explicit policy',
      'signature-only': 'unsuitable certificate purpose',
      'unknown-ca': 'unable to get local issuer certificate',
    });
  });

  it('renews the first card: the same number, another key, serial number and spelling', () => {
    const [first, renewed] = [read(card('valid').certificatePath), read(card('renewed').certificatePath)];
    const number = /serialNumber=(PNOMA-[A-Z0-9]+)/;
    expect(number.exec(renewed.subject)?.[1]).to.equal(number.exec(first.subject)?.[1]);
    expect(renewed.serialNumber).not.to.equal(first.serialNumber);
    expect(renewed.publicKey.equals(first.publicKey)).to.equal(false);
    expect(renewed.subject).not.to.equal(first.subject);
  });

  it('gives the stranger the names of the true CA, not its key', () => {
    const [known, unknown] = [read(card('valid').certificatePath), read(card('unknown-ca').certificatePath)];
    expect(unknown.issuer).to.equal(known.issuer);
    expect(unknown.subject).to.equal(known.subject);
    expect(unknown.verify(read(demonstration.issuing.certificatePath).publicKey)).to.equal(false);
  });

  it('covers every label of the card host in the TLS certificate', () => {
    const server = read(demonstration.tlsServer.certificatePath);
    expect(server.verify(read(demonstration.tlsRoot.certificatePath).publicKey)).to.equal(true);
    expect(server.checkHost('abc234.card.localhost')).to.equal('*.card.localhost');
    expect(server.checkHost('localhost')).to.equal('localhost');
    expect(server.checkIP('127.0.0.1')).to.equal('127.0.0.1');
    expect(server.checkHost('other.localhost')).to.equal(undefined);
  });

  it('writes PKCS #12 files that OpenSSL opens, with the chain', function () {
    if (!has('openssl', 'version')) this.skip();
    const { pkcs12Path, certificatePath } = card('valid-arabic');
    const text = execFileSync(
      'openssl',
      ['pkcs12', '-in', pkcs12Path, '-passin', `pass:${PKCS12_PASSWORD}`, '-nodes'],
      {
        encoding: 'utf8',
      },
    );
    expect(text.match(/BEGIN CERTIFICATE/g)).to.have.length(3);
    expect(text).to.include('BEGIN PRIVATE KEY').and.include('friendlyName: Thiqa valid-arabic');
    expect(text).to.include(readFileSync(certificatePath, 'utf8').trim());
    expect(spawnSync('openssl', ['pkcs12', '-in', pkcs12Path, '-passin', 'pass:wrong', '-nodes']).status).not.to.equal(
      0,
    );
  });

  it('writes PKCS #12 files that the NSS of browsers imports', function () {
    if (!has('pk12util', '-h') || !has('certutil', '-h')) this.skip();
    const database = `sql:${join(directory, 'nss')}`;
    rmSync(join(directory, 'nss'), { recursive: true, force: true });
    execFileSync('mkdir', [join(directory, 'nss')]);
    execFileSync('certutil', ['-d', database, '-N', '--empty-password']);
    for (const { pkcs12Path } of demonstration.cards) {
      execFileSync('pk12util', ['-d', database, '-i', pkcs12Path, '-W', PKCS12_PASSWORD], { stdio: 'pipe' });
    }
    const keys = execFileSync('certutil', ['-d', database, '-K'], { encoding: 'utf8' });
    // NSS gives certificates of one subject one name, so the stranger's card is listed under the first one's.
    expect(keys.match(/^<.*> ec .*$/gm)).to.have.length(demonstration.cards.length);
    expect(keys).to.include('Thiqa valid').and.include('Thiqa revoked');
  });

  it('keeps cards and keys at the next start, and issues the CRLs again', async () => {
    const kept = [
      card('valid').certificatePath,
      card('valid').pkcs12Path,
      demonstration.tlsServer.certificatePath,
      demonstration.portalKeyPath,
    ];
    const before = kept.map((path) => readFileSync(path));
    const crl = readFileSync(demonstration.issuing.crlPath);
    await prepareDemonstration(directory, new Date(AT.getTime() + 60_000));
    kept.forEach((path, index) => {
      expect(readFileSync(path).equals(before[index] ?? Buffer.alloc(0))).to.equal(true);
    });
    expect(readFileSync(demonstration.issuing.crlPath).equals(crl)).to.equal(false);
  });

  it('renews the TLS certificate when it nears its end, under the same root', async () => {
    const root = readFileSync(demonstration.tlsRoot.certificatePath);
    await prepareDemonstration(directory, YEARS_LATER);
    const server = read(demonstration.tlsServer.certificatePath);
    expect(server.validToDate.getTime()).to.be.above(YEARS_LATER.getTime());
    expect(readFileSync(demonstration.tlsRoot.certificatePath).equals(root)).to.equal(true);
    expect(server.verify(read(demonstration.tlsRoot.certificatePath).publicKey)).to.equal(true);
  });

  it('says that a folder which cannot be written is unusable', async () => {
    const file = join(directory, 'demonstration.json');
    try {
      await prepareDemonstration(join(file, 'below-a-file'), AT);
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigurationError).with.property('code', 'CONFIG_UNREADABLE');
      return;
    }
    expect.fail('a folder below a file was accepted');
  });
});
