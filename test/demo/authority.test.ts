import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { extendedKeyUsage, keyUsage, nameConstraints } from '../../src/demo/certificate-extensions.ts';
import { certificateIssuer, deltaCrlIndicator, issuingDistributionPoint } from '../../src/demo/crl-extensions.ts';
import { extension } from '../../src/demo/extension.ts';
import { nullValue, objectIdentifier } from '../../src/pki/der-writer.ts';
import {
  AT,
  createTestAuthority,
  daysFromAt,
  issueTestCa,
  issueTestCard,
  issueTestCrl,
  issueTestRoot,
  pemOf,
} from '../support/authority.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** What OpenSSL, which shares no code with our writer, says of the path: undefined when it is valid. */
function opensslRefusal(
  anchor: Buffer,
  intermediates: readonly Buffer[],
  leaf: Buffer,
  crls: readonly Buffer[] = [],
): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'thiqa-authority-'));
  try {
    writeFileSync(join(folder, 'anchor.pem'), pemOf(anchor) + crls.map((crl) => pemOf(crl, 'X509 CRL')).join(''));
    writeFileSync(join(folder, 'intermediates.pem'), intermediates.map((der) => pemOf(der)).join(''));
    writeFileSync(join(folder, 'leaf.pem'), pemOf(leaf));
    const run = spawnSync(
      'openssl',
      [
        'verify',
        '-x509_strict',
        '-attime',
        String(AT.getTime() / 1000),
        '-purpose',
        'sslclient',
        ...(crls.length > 0 ? ['-crl_check_all'] : []),
        '-CAfile',
        'anchor.pem',
        '-untrusted',
        'intermediates.pem',
        'leaf.pem',
      ],
      { cwd: folder, encoding: 'utf8' },
    );
    if (run.status === 0) return undefined;
    return /error \d+ at \d+ depth lookup: (.*)/.exec(run.stderr)?.[1] ?? run.stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('demonstration authority: DER', () => {
  it('encodes an object identifier whose second arc is above 39', () => {
    expect(objectIdentifier('2.999.3').toString('hex')).to.equal('0603883703');
  });

  it('gives a serial number of 16 octets that is positive', () => {
    const { certificate } = issueTestCard(createTestAuthority().issuing);
    expect(new X509Certificate(certificate).serialNumber).to.match(/^[4-7][0-9A-F]{31}$/);
  });
});

describe('demonstration authority: what it mints, read by OpenSSL', () => {
  const authority = createTestAuthority();
  const anchor = authority.root.certificate;
  const intermediates = [authority.issuing.certificate];

  before(function () {
    if (!hasOpenssl) this.skip();
  });

  it('a card is valid under the strict rules', () => {
    expect(opensslRefusal(anchor, intermediates, issueTestCard(authority.issuing).certificate)).to.equal(undefined);
  });

  it('P-384 and RSA authorities are valid too', () => {
    for (const keyType of ['P-384', 'RSA-2048'] as const) {
      const other = createTestAuthority({ keyType });
      const card = issueTestCard(other.issuing);
      expect(opensslRefusal(other.root.certificate, [other.issuing.certificate], card.certificate)).to.equal(undefined);
    }
  });

  it('a card carries what it was given, names and attributes included', () => {
    const { certificate } = issueTestCard(authority.issuing);
    const text = execFileSync('openssl', ['x509', '-noout', '-text', '-nameopt', 'utf8,sep_multiline,oid'], {
      input: pemOf(certificate),
      encoding: 'utf8',
    });
    for (const part of [
      '2.5.4.5=PNOMA-ZT123456',
      '2.999.504.1=أمينة',
      'Digital Signature',
      'TLS Web Client Authentication',
      'Policy: 2.999.504.10',
      'URI:http://crl.thiqa.example/issuing.crl',
      'X509v3 Subject Directory Attributes',
    ]) {
      expect(text).to.include(part);
    }
  });

  it('one fault is one refusal', () => {
    const unknown = extension('2.999.1', true, nullValue());
    const refused = (changes: Parameters<typeof issueTestCard>[1]): string | undefined =>
      opensslRefusal(anchor, intermediates, issueTestCard(authority.issuing, changes).certificate);
    expect(refused({ moreExtensions: [unknown] })).to.equal('unhandled critical extension');
    expect(refused({ notAfter: daysFromAt(-1) })).to.equal('certificate has expired');
    expect(refused({ notBefore: daysFromAt(1) })).to.equal('certificate is not yet valid');
    expect(refused({ extensions: { extendedKeyUsage: extendedKeyUsage(['serverAuth']) } })).to.match(/purpose/);
    expect(refused({ extensions: { keyUsage: keyUsage(['keyEncipherment']) } })).to.match(/purpose/);
    // OpenSSL looks for the issuer by key identifier first: to reach the signature, the identifier must fit.
    expect(refused({ issuerKey: createTestAuthority().issuing.keys.privateKey })).to.equal(
      'certificate signature failure',
    );
  });

  it('an issuing CA of path length 0 may not have a CA below it', () => {
    const below = issueTestCa(authority.issuing, { subject: [{ type: 'commonName', value: 'One too many' }] });
    const card = issueTestCard(below);
    expect(opensslRefusal(anchor, [...intermediates, below.certificate], card.certificate)).to.match(/path length/);
  });

  it('a CA without basicConstraints is no CA', () => {
    const root = issueTestRoot();
    const fine = issueTestCa(root, { pathLength: 0 });
    expect(opensslRefusal(root.certificate, [fine.certificate], issueTestCard(fine).certificate)).to.equal(undefined);
    const bad = issueTestCa(root, { extensions: { basicConstraints: null } });
    expect(opensslRefusal(root.certificate, [bad.certificate], issueTestCard(bad).certificate)).to.match(/invalid CA/);
  });

  it('CRLs of root and issuing CA clear a card, and revoke or suspend it', () => {
    const card = issueTestCard(authority.issuing);
    const rootCrl = issueTestCrl(authority.root);
    const check = (changes: Parameters<typeof issueTestCrl>[1]): string | undefined =>
      opensslRefusal(anchor, intermediates, card.certificate, [rootCrl, issueTestCrl(authority.issuing, changes)]);
    expect(check({})).to.equal(undefined);
    expect(check({ revoked: [{ serialNumber: card.serialNumber, reason: 'keyCompromise' }] })).to.equal(
      'certificate revoked',
    );
    expect(check({ revoked: [{ serialNumber: card.serialNumber, reason: 'certificateHold' }] })).to.equal(
      'certificate revoked',
    );
    expect(check({ nextUpdate: daysFromAt(-0.5) })).to.equal('CRL has expired');
    expect(check({ issuerKey: authority.root.keys.privateKey })).to.equal('CRL signature failure');
    expect(check({ extensions: { scope: issuingDistributionPoint({ onlyContainsCACerts: true }) } })).to.equal(
      'different CRL scope',
    );
  });

  it('writes names that are meant to mislead: what stands in one attribute stays in it', () => {
    const { certificate } = issueTestCard(authority.issuing, {
      subject: [
        { type: 'countryName', value: 'MA', encoding: 'utf8' },
        { type: 'commonName', value: 'X, serialNumber=PNOMA-ZZ999999' },
        [
          { type: 'surname', value: 'Two', encoding: 'bmp' },
          { type: 'serialNumber', value: 'PNOMA-ZT123456' },
        ],
        { type: 'serialNumber', value: 'PNOMA-ZT123456' },
      ],
    });
    const parsed = execFileSync('openssl', ['asn1parse'], { input: pemOf(certificate), encoding: 'utf8' });
    expect(parsed).to.match(/:countryName\n.*UTF8STRING +:MA/);
    expect(parsed).to.match(/:commonName\n.*UTF8STRING +:X, serialNumber=PNOMA-ZZ999999/);
    expect(parsed).to.match(/:surname\n.*BMPSTRING/);
    expect(parsed.match(/:serialNumber\n.*PRINTABLESTRING +:PNOMA-ZT123456/g)).to.have.length(2);
    expect(parsed).to.match(/:surname\n.*BMPSTRING.*\n.*SEQUENCE.*\n.*:serialNumber/);
  });

  it('writes delta and indirect CRLs', () => {
    const read = (crl: Buffer): string =>
      execFileSync('openssl', ['crl', '-noout', '-text'], { input: pemOf(crl, 'X509 CRL'), encoding: 'utf8' });
    const delta = read(issueTestCrl(authority.issuing, { number: 8, extensions: { delta: deltaCrlIndicator(7) } }));
    expect(delta).to.match(/Delta CRL Indicator: critical\n\s+7\n/);
    const indirect = read(
      issueTestCrl(authority.root, {
        extensions: { scope: issuingDistributionPoint({ indirectCRL: true }) },
        revoked: [
          {
            serialNumber: Buffer.of(0x41),
            reason: 'superseded',
            moreExtensions: [certificateIssuer([{ directory: authority.issuing.name }])],
          },
        ],
      }),
    );
    expect(indirect).to.match(/Issuing Distribution Point: critical\n\s+Indirect CRL/);
    expect(indirect).to.match(/Certificate Issuer: critical\n\s+DirName:.*Thiqa test issuing CA/);
  });

  it('writes constraints that OpenSSL enforces: a card outside the permitted names', () => {
    const root = issueTestRoot();
    const check = (permitted: string): string | undefined => {
      const constrained = issueTestCa(root, {
        extensions: {
          nameConstraints: nameConstraints({ permitted: [{ directory: [{ type: 'countryName', value: permitted }] }] }),
        },
      });
      return opensslRefusal(root.certificate, [constrained.certificate], issueTestCard(constrained).certificate);
    };
    expect(check('MA')).to.equal(undefined);
    expect(check('DZ')).to.equal('permitted subtree violation');
  });
});
