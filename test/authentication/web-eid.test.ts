import { expect } from 'chai';
import { evidenceFromWebEid, readWebEidToken } from '../../src/authentication/web-eid.ts';
import { certificatePolicies, keyUsage } from '../../src/demo/certificate-extensions.ts';
import { generateKeys } from '../../src/demo/signing.ts';
import { CertificateError, type Code, EvidenceError } from '../../src/errors.ts';
import { type CertificateChanges, createTestAuthority, issueTestCard, OTHER_POLICY } from '../support/authority.ts';
import { expectRefusal } from '../support/refusal.ts';
import { NONCE, ORIGIN, webEidToken } from '../support/web-eid-token.ts';

const { issuing, root } = createTestAuthority();
const card = issueTestCard(issuing);
const rsaCard = issueTestCard(issuing, { keys: generateKeys('RSA-2048') });
const good = webEidToken(card);

const token = (members: Readonly<Record<string, unknown>>) => ({ ...good, ...members });
const refuse = (value: unknown, code: Code) => expectRefusal(() => readWebEidToken(value), EvidenceError, code);
const malformed = (value: unknown) => refuse(value, 'WEB_EID_TOKEN_MALFORMED');
const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64');

describe('a Web eID token', () => {
  it('is evidence: an unverified certificate, an algorithm, an unverified signature; origin and nonce are ours', () => {
    const evidence = evidenceFromWebEid(
      { ...good, origin: 'https://evil.example', nonce: 'x' },
      { nonce: NONCE, origin: ORIGIN },
    );
    expect(evidence).to.include({ method: 'web-eid', algorithm: 'ES256', nonce: NONCE, origin: ORIGIN });
    expect(Buffer.from(evidence.unverifiedCertificate.der).equals(card.certificate)).to.equal(true);
    expect(base64(evidence.unverifiedSignature)).to.equal(good.signature);
  });

  it('is read from its text as well', () => {
    expect(readWebEidToken(JSON.stringify(good)).algorithm).to.equal('ES256');
  });

  it('may have members that are not known here: minor versions stay compatible', () => {
    expect(readWebEidToken(token({ somethingOfVersion2: [{}], appVersion: undefined, action: 7 })).algorithm).to.equal(
      'ES256',
    );
    expect(readWebEidToken(JSON.stringify(good).replace('{', '{"__proto__":{"format":"x"},')).algorithm).to.equal(
      'ES256',
    );
  });

  for (const [what, value] of Object.entries({
    null: null,
    undefined: undefined,
    'a number': 1e300,
    'a list': [good],
    'a list as text': JSON.stringify([good]),
    'text that is no JSON': `${JSON.stringify(good)}}`,
    'JSON that is a text': JSON.stringify(JSON.stringify(good)),
    'what JSON cannot say': { ...good, extra: 1n },
    'a token by inheritance': Object.create(good) as unknown,
  })) {
    it(`is not ${what}`, () => malformed(value));
  }
});

describe('the size of a token: 100 to 10,000 characters', () => {
  /** JSON of exactly this length. The shortest has no certificate, and is refused for that when its size is in order. */
  const text = (length: number, members: Readonly<Record<string, unknown>>): string => {
    const empty = JSON.stringify({ ...members, appVersion: '' });
    return JSON.stringify({ ...members, appVersion: 'a'.repeat(length - empty.length) });
  };
  const sizeOf = async (value: unknown) => (await malformed(value)).detail.characters;

  it('99 is too short, 100 is not', async () => {
    const members = { format: 'web-eid:1.0', algorithm: 'ES256' };
    expect(await sizeOf(text(99, members))).to.equal(99);
    expect(await sizeOf(text(100, members)), 'refused for its size').to.equal(undefined);
  });

  it('10,000 are not too long, 10,001 are', async () => {
    expect(text(10_000, good)).to.have.lengthOf(10_000);
    expect(readWebEidToken(text(10_000, good)).algorithm).to.equal('ES256');
    expect(await sizeOf(text(10_001, good))).to.equal(10_001);
  });

  it('is that of the shortest text where the token is parsed already', async () => {
    expect(readWebEidToken(JSON.parse(text(10_000, good))).algorithm).to.equal('ES256');
    expect(await sizeOf(JSON.parse(text(10_001, good)))).to.equal(10_001);
  });
});

describe('the format of a token', () => {
  for (const format of ['web-eid:1.0', 'web-eid:1.1', 'web-eid:1.2', 'web-eid:1.10']) {
    it(`${format} is understood`, () => expect(readWebEidToken(token({ format })).algorithm).to.equal('ES256'));
  }
  for (const format of [
    'web-eid:10.0',
    'web-eid:1',
    'web-eid:1.',
    'web-eid:1.00',
    'web-eid:1.01',
    'web-eid:01.0',
    'web-eid:1.0.0',
    'web-eid:1.1234567890',
    'web-eid:1.0 ',
    'web-eid:1.0\n',
    ' web-eid:1.0',
    'WEB-EID:1.0',
    'web-eid:2.0',
    'web-eid:0.9',
    'web-eid',
    'webauthn:1.0',
    '',
    1.0,
    ['web-eid:1.0'],
    null,
    undefined,
  ]) {
    it(`${JSON.stringify(format)} is refused`, () => refuse(token({ format }), 'WEB_EID_FORMAT_REFUSED'));
  }
});

describe('the algorithm of a token', () => {
  const keysOf = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const;
  for (const [algorithm, type] of Object.entries(keysOf)) {
    const own = issueTestCard(issuing, { keys: generateKeys(type) });
    it(`${algorithm} is of ${type}, which has no other`, async () => {
      expect(readWebEidToken(webEidToken(own)).algorithm).to.equal(algorithm);
      for (const other of [...Object.keys(keysOf), 'RS256', 'PS256']) {
        if (other === algorithm) continue;
        await refuse(webEidToken(own, { members: { algorithm: other } }), 'WEB_EID_ALGORITHM_REFUSED');
      }
    });
  }
  for (const algorithm of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']) {
    it(`${algorithm} is of an RSA key`, () => {
      expect(readWebEidToken(webEidToken(rsaCard, { algorithm })).algorithm).to.equal(algorithm);
    });
  }
  for (const algorithm of [
    'none',
    'None',
    '',
    'HS256',
    'HS512',
    'es256',
    'ES256K',
    'ES224',
    'RS1',
    'EdDSA',
    'toString',
    256,
    ['ES256'],
    null,
    undefined,
  ]) {
    it(`${JSON.stringify(algorithm)} is refused`, () => refuse(token({ algorithm }), 'WEB_EID_ALGORITHM_REFUSED'));
  }
  it('of a key on another curve of the same size is refused', async () => {
    const brainpool = issueTestCard(issuing, { keys: generateKeys('brainpoolP256r1') });
    await refuse(token({ unverifiedCertificate: base64(brainpool.certificate) }), 'WEB_EID_ALGORITHM_REFUSED');
  });
});

describe('the base64 of a token: RFC 4648 4, in its one spelling', () => {
  const encoded = base64(card.certificate);
  const bad: Readonly<Record<string, unknown>> = {
    absent: undefined,
    null: null,
    empty: '',
    'a number': 1234,
    'a list': [encoded],
    'a list of several': [encoded, base64(rsaCard.certificate)],
    text: 'This is not a certificate',
    'with a line break': `${encoded.slice(0, 64)}\n${encoded.slice(64)}`,
    'with white space around it': ` ${encoded} `,
    'of the URL alphabet': base64(Buffer.from([0xfb, 0xff, 0xfe]))
      .replaceAll('+', '-')
      .replaceAll('/', '_'),
    'without its padding': base64(Buffer.alloc(4)).replaceAll('=', ''),
    'with bits beyond the last octet': 'AB==',
    PEM: `-----BEGIN CERTIFICATE-----\n${encoded}\n-----END CERTIFICATE-----`,
  };
  for (const member of ['unverifiedCertificate', 'signature']) {
    for (const [what, value] of Object.entries(bad)) {
      it(`${member}: ${what} is refused`, () => malformed(token({ [member]: value })));
    }
  }
});

describe('the certificate of a token', () => {
  const refuseCertificate = (der: Uint8Array, code: Code) =>
    expectRefusal(() => readWebEidToken(token({ unverifiedCertificate: base64(der) })), CertificateError, code);

  it('is one: a second behind it is refused (S5)', () =>
    refuseCertificate(Buffer.concat([card.certificate, rsaCard.certificate]), 'CERT_MALFORMED'));
  it('is a certificate', () => refuseCertificate(Buffer.from('This is not a certificate'), 'CERT_MALFORMED'));
  it('is whole', () => refuseCertificate(card.certificate.subarray(0, -1), 'CERT_MALFORMED'));
});

describe('the signing certificates of version 1.1', () => {
  const ALGORITHMS = [{ cryptoAlgorithm: 'ECC', hashFunction: 'SHA-384', paddingScheme: 'NONE' }];
  const signing = (changes: CertificateChanges = {}, issuer = issuing): string =>
    base64(issueTestCard(issuer, { extensions: { keyUsage: keyUsage(['nonRepudiation']) }, ...changes }).certificate);
  const entry = (certificate: unknown, supportedSignatureAlgorithms: unknown = ALGORITHMS) => ({
    certificate,
    supportedSignatureAlgorithms,
  });
  const version11 = (...unverifiedSigningCertificates: unknown[]) =>
    token({ format: 'web-eid:1.1', unverifiedSigningCertificates });

  it('are understood, and nothing of them is used', () => {
    const other = signing({
      extensions: { keyUsage: keyUsage(['nonRepudiation']), certificatePolicies: certificatePolicies([OTHER_POLICY]) },
    });
    const read = readWebEidToken(version11(entry(signing()), entry(other)));
    expect(Buffer.from(read.unverifiedCertificate.der).equals(card.certificate)).to.equal(true);
    expect(read).to.have.all.keys('unverifiedCertificate', 'algorithm', 'unverifiedSignature');
  });

  it('may be absent', () => expect(readWebEidToken(token({ format: 'web-eid:1.1' })).algorithm).to.equal('ES256'));

  it('may be one, in members of the token, as an earlier draft had it', async () => {
    const draft = {
      format: 'web-eid:1.1',
      unverifiedSigningCertificate: signing(),
      supportedSignatureAlgorithms: ALGORITHMS,
    };
    expect(readWebEidToken(token(draft)).algorithm).to.equal('ES256');
    await malformed(token({ ...draft, supportedSignatureAlgorithms: undefined }));
    await malformed(token({ ...draft, unverifiedSigningCertificate: 'x' }));
  });

  it('have no place in version 1.0', async () => {
    await malformed(token({ unverifiedSigningCertificates: [entry(signing())] }));
    await malformed(token({ unverifiedSigningCertificate: signing(), supportedSignatureAlgorithms: ALGORITHMS }));
  });

  for (const [what, value] of Object.entries({
    'no list': token({ format: 'web-eid:1.1', unverifiedSigningCertificates: entry(signing()) }),
    null: token({ format: 'web-eid:1.1', unverifiedSigningCertificates: null }),
    'none at all': version11(),
    'more than a card carries': version11(...Array.from({ length: 5 }, () => entry(signing()))),
    'null among them': version11(null),
    'no certificate': version11(entry(undefined)),
    'a certificate that is no base64': version11(entry('This is not a certificate')),
    'a certificate that is none': version11(entry(base64(Buffer.from('none')))),
    'no algorithms': version11(entry(signing(), undefined), { certificate: signing() }),
    'an empty list of algorithms': version11(entry(signing(), [])),
    'an algorithm that is not on the list': version11(entry(signing(), [{ ...ALGORITHMS[0], hashFunction: 'MD5' }])),
    'another subject': version11(entry(signing({ subject: [{ type: 'commonName', value: 'Somebody else' }] }))),
    'another issuer': version11(entry(signing({}, root))),
    'a key usage that is not for signatures': version11(entry(base64(card.certificate))),
  })) {
    it(`are refused with ${what}`, () => malformed(value));
  }
});
