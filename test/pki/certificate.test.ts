import { createHash } from 'node:crypto';
import { expect } from 'chai';
import {
  authorityInformationAccess,
  basicConstraints,
  certificatePolicies,
  crlDistributionPoints,
  keyUsage,
  nameConstraints,
  policyConstraints,
  subjectAlternativeName,
} from '../../src/demo/certificate-extensions.ts';
import { extension } from '../../src/demo/extension.ts';
import { CertificateError } from '../../src/errors.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import {
  type CertificateChanges,
  createTestAuthority,
  daysFromAt,
  issueTestCa,
  issueTestCard,
} from '../support/authority.ts';
import { parse } from '../support/path.ts';
import { expectRefusal } from '../support/refusal.ts';

const { root, issuing } = createTestAuthority();
const card = issueTestCard(issuing);

async function expectMalformed(changes: CertificateChanges): Promise<void> {
  await expectRefusal(() => parse(issueTestCard(issuing, changes)), CertificateError, 'CERT_MALFORMED');
}

const ext = (oid: string, hex: string) => extension(oid, false, Buffer.from(hex, 'hex'));

describe('RFC 5280 4.1: a certificate', () => {
  it('is read with everything that it says', () => {
    const certificate = parse(card);
    expect(certificate.version).to.equal(3);
    expect(certificate.serialNumber).to.equal(card.serialNumber.toString('hex'));
    expect(certificate.sha256).to.equal(createHash('sha256').update(card.certificate).digest('hex'));
    const spki = card.keys.publicKey.export({ type: 'spki', format: 'der' });
    expect(certificate.publicKey.keySha256).to.equal(createHash('sha256').update(spki).digest('hex'));
    expect(certificate.publicKey.keyObject.equals(card.keys.publicKey)).to.equal(true);
    expect([...(certificate.keyUsage ?? [])]).to.deep.equal(['digitalSignature']);
    expect(certificate.issuer.key).to.equal(parse(issuing).subject.key);
    expect(certificate.isSelfIssued).to.equal(false);
    expect(certificate.subjectDirectoryAttributes?.map(({ values }) => values)).to.deep.equal([
      ['19900228120000Z'],
      ['F'],
    ]);
    expect(certificate.extendedKeyUsage).to.include('1.3.6.1.5.5.7.3.2');
    expect(certificate.authorityKeyIdentifier?.keyIdentifier).to.equal(parse(issuing).subjectKeyIdentifier);
  });

  it('does not change when the octets that it was read from do', () => {
    const octets = Buffer.from(card.certificate);
    const certificate = parseCertificate(octets);
    octets.fill(0);
    expect(Buffer.from(certificate.der).equals(card.certificate)).to.equal(true);
    certificate.notAfter.setFullYear(1970);
    expect(certificate.notAfter.getTime()).to.equal(daysFromAt(1000).getTime());
  });

  it('may be as large as the limit and no larger', async () => {
    const maxOctets = card.certificate.length;
    expect(parseCertificate(card.certificate, { maxOctets }).version).to.equal(3);
    const step = () => parseCertificate(card.certificate, { maxOctets: maxOctets - 1 });
    await expectRefusal(step, CertificateError, 'CERT_TOO_LARGE');
  });

  it('is refused with data behind it, cut off, or empty', async () => {
    const { certificate } = card;
    for (const octets of [Buffer.concat([certificate, Buffer.of(0)]), certificate.subarray(0, -1), Buffer.alloc(0)]) {
      await expectRefusal(() => parseCertificate(octets), CertificateError, 'CERT_MALFORMED');
    }
  });

  it('is refused or read, and never crashes, whichever octet is broken', () => {
    let refused = 0;
    for (let index = 0; index < card.certificate.length; index += 1) {
      for (const flip of [0x01, 0x80]) {
        const octets = Buffer.from(card.certificate);
        octets[index] = (octets[index] ?? 0) ^ flip;
        try {
          parseCertificate(octets);
        } catch (error) {
          expect(error).to.be.instanceOf(CertificateError);
          refused += 1;
        }
      }
    }
    expect(refused).to.be.greaterThan(100);
  });

  it('4.1.2.9: has extensions in version 3 only', async () => {
    await expectMalformed({ version: 2 });
    await expectMalformed({ version: 1 });
  });

  it('4.2: has each extension once', async () => {
    await expectMalformed({ moreExtensions: [keyUsage(['digitalSignature'])] });
  });

  it('4.1.2.5: counts the first and the last second of its validity, and a part of a second as that second', () => {
    const certificate = parse(card);
    const first = certificate.notBefore.getTime();
    const last = certificate.notAfter.getTime();
    expect(certificate.isNotYetValidAt(new Date(first))).to.equal(false);
    expect(certificate.isNotYetValidAt(new Date(first - 1))).to.equal(true);
    expect(certificate.isExpiredAt(new Date(last + 999))).to.equal(false);
    expect(certificate.isExpiredAt(new Date(last + 1000))).to.equal(true);
    expect(certificate.isExpiredAt(new Date(Number.NaN))).to.equal(true);
    expect(certificate.isNotYetValidAt(new Date(Number.NaN))).to.equal(true);
  });

  it('4.1.2.2: has a minimal serial number, unless the caller allows another', async () => {
    const padded = issueTestCard(issuing, { serialNumber: Buffer.from('0005', 'hex') }).certificate;
    await expectRefusal(() => parseCertificate(padded), CertificateError, 'CERT_MALFORMED');
    expect(parseCertificate(padded, { allowPaddedSerialNumber: true }).serialNumber).to.equal('0005');
  });
});

describe('RFC 5280 4.2.1: extensions are well-formed or the certificate is refused', () => {
  it('4.2.1.1: issuer and serial number of an authorityKeyIdentifier stand together', async () => {
    await expectMalformed({ extensions: { authorityKeyIdentifier: ext('2.5.29.35', '3003820105') } });
  });

  it('4.2.1.3: keyUsage names a usage', async () => {
    await expectMalformed({ extensions: { keyUsage: ext('2.5.29.15', '030100') } });
    await expectMalformed({ extensions: { keyUsage: ext('2.5.29.15', '03020500') } });
  });

  it('4.2.1.4: certificatePolicies has each policy once, and at least one', async () => {
    await expectMalformed({ extensions: { certificatePolicies: certificatePolicies(['2.999.1', '2.999.1']) } });
    await expectMalformed({ extensions: { certificatePolicies: ext('2.5.29.32', '3000') } });
  });

  it('4.2.1.6: subjectAltName has names, addresses of 4 or 16 octets, and nothing behind them', async () => {
    const dns = parse(issueTestCard(issuing, { extensions: { san: subjectAlternativeName([{ dns: 'a.example' }]) } }));
    expect(dns.subjectAltName).to.deep.equal([{ kind: 'dNSName', value: 'a.example' }]);
    await expectMalformed({ extensions: { san: subjectAlternativeName([]) } });
    await expectMalformed({ extensions: { san: subjectAlternativeName([{ ip: [10, 0, 0] }]) } });
    await expectMalformed({ extensions: { san: ext('2.5.29.17', '300382016100') } });
    await expectMalformed({ extensions: { san: ext('2.5.29.17', '30038201e9') } });
  });

  it('4.1.2.6: an empty subject needs a critical subjectAltName', async () => {
    const names = [{ email: 'a@example.ma' }];
    const critical = parse(
      issueTestCard(issuing, { subject: [], extensions: { san: subjectAlternativeName(names, true) } }),
    );
    expect(critical.subject.isEmpty).to.equal(true);
    await expectMalformed({ subject: [], extensions: { san: subjectAlternativeName(names) } });
  });

  it('4.2.1.9: a path length fits one octet', async () => {
    const longest = issueTestCa(root, {
      extensions: { basicConstraints: basicConstraints({ ca: true, pathLength: 255 }) },
    });
    expect(parse(longest).basicConstraints).to.deep.equal({ cA: true, pathLenConstraint: 255 });
    await expectMalformed({ extensions: { basicConstraints: basicConstraints({ ca: true, pathLength: 256 }) } });
  });

  it('4.2.1.10: nameConstraints constrains something, by masks that are contiguous', async () => {
    await expectMalformed({ extensions: { nc: nameConstraints({}) } });
    await expectMalformed({ extensions: { nc: nameConstraints({ permitted: [{ ip: [10, 0, 0, 0] }] }) } });
    await expectMalformed({
      extensions: { nc: nameConstraints({ permitted: [{ ip: [10, 0, 0, 0, 255, 0, 255, 0] }] }) },
    });
    const mask = parse(
      issueTestCa(root, {
        extensions: { nc: nameConstraints({ permitted: [{ ip: [10, 0, 0, 0, 255, 254, 0, 0] }] }) },
      }),
    );
    expect(mask.nameConstraints?.permittedSubtrees).to.have.lengthOf(1);
  });

  it('4.2.1.11: policyConstraints constrains something', async () => {
    await expectMalformed({ extensions: { pc: policyConstraints({}) } });
  });

  it('4.2.1.12: extendedKeyUsage names a purpose', async () => {
    await expectMalformed({ extensions: { extendedKeyUsage: ext('2.5.29.37', '3000') } });
  });

  it('4.2.1.13: a distribution point names something besides reasons', async () => {
    const points = [{ fullName: [{ uri: 'http://crl.example/1' }], reasons: ['keyCompromise' as const] }];
    const certificate = parse(
      issueTestCard(issuing, { extensions: { crlDistributionPoints: crlDistributionPoints(points) } }),
    );
    expect([...(certificate.cRLDistributionPoints?.[0]?.reasons ?? [])]).to.deep.equal(['keyCompromise']);
    const only = crlDistributionPoints([{ reasons: ['keyCompromise'] }]);
    await expectMalformed({ extensions: { crlDistributionPoints: only } });
  });

  it('4.2.2.1: authorityInfoAccess gives a method and a place', () => {
    const aia = authorityInformationAccess({ ocsp: ['http://ocsp.example/'] });
    expect(parse(issueTestCard(issuing, { extensions: { aia } })).authorityInfoAccess).to.deep.equal([
      {
        accessMethod: '1.3.6.1.5.5.7.48.1',
        accessLocation: { kind: 'uniformResourceIdentifier', value: 'http://ocsp.example/' },
      },
    ]);
  });

  it('X.690 11.5: `critical FALSE` is left out', async () => {
    const { certificate } = issueTestCard(issuing, { moreExtensions: [ext('2.999.1', '0500')] });
    expect(parseCertificate(certificate).extensions.get('2.999.1')?.critical).to.equal(false);
  });
});
