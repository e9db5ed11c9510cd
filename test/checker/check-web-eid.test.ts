import { expect } from 'chai';
import { checkWebEid } from '../../src/checker/check-web-eid.ts';
import { extendedKeyUsage, keyUsage } from '../../src/demo/certificate-extensions.ts';
import { generateKeys } from '../../src/demo/signing.ts';
import type { Code } from '../../src/errors.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import {
  AT,
  type CertificateChanges,
  createTestAuthority,
  daysFromAt,
  issueTestCard,
  issueTestCrl,
  OTHER_POLICY,
  TEST_POLICY,
} from '../support/authority.ts';
import { issueTestOcspResponse } from '../support/ocsp.ts';
import { NONCE, ORIGIN, webEidToken } from '../support/web-eid-token.ts';

const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64');

const { root, issuing } = createTestAuthority({ keyType: 'P-384' });
const keys = generateKeys('P-384');
const card = issueTestCard(issuing, { keys });
const tokenOf = (changes: CertificateChanges) => webEidToken(issueTestCard(issuing, { keys, ...changes }));

type Members = Readonly<Record<string, unknown>>;

const request = (changes: Members = {}): Members => ({
  id: 'a',
  token: webEidToken(card),
  origin: ORIGIN,
  nonce: NONCE,
  anchors: [base64(issuing.certificate)],
  at: AT.toISOString(),
  revocation: 'off',
  ...changes,
});
const accept = (changes: Members = {}): void => {
  expect(checkWebEid(request(changes))).to.deep.include({ id: 'a', verdict: 'valid' });
};
const refuse = (changes: Members, code: Code): void => {
  const answer = checkWebEid(request(changes));
  expect(answer).to.include({ id: 'a', verdict: 'invalid', code });
  expect(answer).to.have.property('message').that.is.a('string').and.not.empty;
  expect(answer).to.not.have.property('subject');
};

describe('check web-eid', () => {
  it('accepts a token, and says whom its certificate names', () => {
    expect(checkWebEid(request())).to.deep.equal({
      id: 'a',
      verdict: 'valid',
      subject: { serialNumber: 'PNOMA-ZT123456', country: 'MA', givenName: 'Amina', surname: 'El Mansouri' },
    });
  });

  it('takes the token as text as well', () => accept({ token: JSON.stringify(webEidToken(card)) }));

  it('takes an issuing CA without its root as anchor, or a root with the CA as intermediate', () => {
    accept({ anchors: [base64(issuing.certificate)] });
    accept({ anchors: [base64(root.certificate)], intermediates: [base64(issuing.certificate)] });
    refuse({ anchors: [base64(root.certificate)] }, 'CERT_ISSUER_UNKNOWN');
    refuse({ anchors: [] }, 'CERT_ISSUER_UNKNOWN');
  });

  it('takes no end-entity certificate as anchor (S18)', () =>
    refuse({ anchors: [base64(card.certificate)] }, 'TRUST_ANCHOR_NOT_CA'));

  it('refuses a CA of the same name with another key', () =>
    refuse(
      { anchors: [base64(createTestAuthority({ keyType: 'P-384' }).issuing.certificate)] },
      'CERT_ISSUER_UNKNOWN',
    ));

  it('decides at the time that is asked for', () => {
    refuse({ at: daysFromAt(4000).toISOString() }, 'CERT_EXPIRED');
    refuse({ at: daysFromAt(-900).toISOString() }, 'CERT_NOT_YET_VALID');
  });
});

describe('check web-eid: origin and nonce', () => {
  it('must be those that were signed', () => {
    refuse({ origin: 'https://evil.example' }, 'WEB_EID_SIGNATURE_INVALID');
    refuse({ origin: `${ORIGIN}:8443` }, 'WEB_EID_SIGNATURE_INVALID');
    refuse({ nonce: `${NONCE.slice(0, -2)}A=` }, 'WEB_EID_SIGNATURE_INVALID');
  });

  for (const origin of [
    `${ORIGIN}/`,
    `${ORIGIN}:443`,
    ORIGIN.toUpperCase(),
    'id.example.ma',
    'ftp://id.example.ma',
    'https://user@id.example.ma',
    'https://id.example.ma/path',
    'null',
    '',
    null,
  ]) {
    it(`${JSON.stringify(origin)} is no origin`, () => refuse({ origin }, 'REQUEST_MALFORMED'));
  }

  it('an origin may have a port that is not the default one', () =>
    accept({
      origin: 'http://localhost:4000',
      token: webEidToken(card, { origin: 'http://localhost:4000' }),
    }));

  it('a nonce has 44 to 128 characters', () => {
    for (const length of [44, 128]) {
      const nonce = 'n'.repeat(length);
      accept({ nonce, token: webEidToken(card, { nonce }) });
    }
    for (const length of [0, 43, 129]) {
      const nonce = 'n'.repeat(length);
      refuse({ nonce, token: webEidToken(card, { nonce }) }, 'REQUEST_MALFORMED');
    }
  });
});

describe('check web-eid: the token', () => {
  for (const [what, token, code] of [
    ['null', null, 'WEB_EID_TOKEN_MALFORMED'],
    ['no object', [], 'WEB_EID_TOKEN_MALFORMED'],
    ['99 characters', ' '.repeat(99), 'WEB_EID_TOKEN_MALFORMED'],
    ['10,001 characters', JSON.stringify(webEidToken(card)).padEnd(10_001), 'WEB_EID_TOKEN_MALFORMED'],
    ['another format', webEidToken(card, { members: { format: 'web-eid:10.0' } }), 'WEB_EID_FORMAT_REFUSED'],
    ['the algorithm none', webEidToken(card, { members: { algorithm: 'none' } }), 'WEB_EID_ALGORITHM_REFUSED'],
    ['a DER signature', webEidToken(card, { ecdsaForm: 'der' }), 'WEB_EID_SIGNATURE_INVALID'],
    [
      'a certificate that is none',
      webEidToken(card, { members: { unverifiedCertificate: base64(Buffer.from('none')) } }),
      'CERT_MALFORMED',
    ],
  ] as const) {
    it(`is refused with ${what}`, () => refuse({ token }, code));
  }

  it('may be as long as 10,000 characters', () => accept({ token: JSON.stringify(webEidToken(card)).padEnd(10_000) }));
});

describe('check web-eid: what the certificate is for', () => {
  it('an extended key usage includes client authentication', () => {
    refuse(
      { token: tokenOf({ extensions: { extendedKeyUsage: extendedKeyUsage(['serverAuth']) } }) },
      'CERT_EXTENDED_KEY_USAGE_REFUSED',
    );
  });
  it('a Finnish card has no extended key usage', () =>
    accept({ token: tokenOf({ extensions: { extendedKeyUsage: null } }) }));
  it('a key usage includes digitalSignature; others beside it do not matter', () => {
    accept({ token: tokenOf({ extensions: { keyUsage: keyUsage(['digitalSignature', 'keyAgreement']) } }) });
    refuse({ token: tokenOf({ extensions: { keyUsage: keyUsage(['nonRepudiation']) } }) }, 'CERT_KEY_USAGE_REFUSED');
  });
  it('without key usage, the extended key usage says it; without either, nothing does', () => {
    accept({ token: tokenOf({ extensions: { keyUsage: null } }) });
    refuse({ token: tokenOf({ extensions: { keyUsage: null, extendedKeyUsage: null } }) }, 'CERT_KEY_USAGE_REFUSED');
  });

  it('a policy may be disallowed, and none is required', () => {
    accept({ disallowedPolicies: [OTHER_POLICY] });
    refuse({ disallowedPolicies: [OTHER_POLICY, TEST_POLICY] }, 'CERT_POLICY_REFUSED');
    accept({ disallowedPolicies: [TEST_POLICY], token: tokenOf({ extensions: { certificatePolicies: null } }) });
  });
});

describe('check web-eid: revocation', () => {
  const required = (ocsp?: Parameters<typeof issueTestOcspResponse>[2]): Members => ({
    revocation: 'required',
    ...(ocsp && { ocspResponses: [base64(issueTestOcspResponse(issuing, card.serialNumber, ocsp))] }),
  });

  it('is good by an OCSP response of the issuing CA', () => accept(required({})));
  it('is never good without one', () => refuse(required(), 'REVOCATION_UNKNOWN'));
  it('is not good when the responder does not know, or says that it is revoked', () => {
    refuse(required({ status: 'unknown' }), 'REVOCATION_UNKNOWN');
    refuse(required({ status: 'revoked' }), 'CERT_REVOKED');
    refuse(required({ status: 'revoked', reason: 'certificateHold' }), 'CERT_ON_HOLD');
  });
  it('is not good by a response past its next update', () =>
    refuse(required({ thisUpdate: daysFromAt(-3), nextUpdate: daysFromAt(-1) }), 'OCSP_STALE'));
  it('without a next update is good by a response of now alone: newer ones are always there', () => {
    const secondsAgo = (seconds: number) => daysFromAt(-seconds / 86_400);
    accept(required({ thisUpdate: secondsAgo(120), nextUpdate: null }));
    refuse(required({ thisUpdate: secondsAgo(121), nextUpdate: null }), 'OCSP_STALE');
    refuse(required({ thisUpdate: secondsAgo(-120), nextUpdate: null }), 'OCSP_STALE');
    refuse(required({ thisUpdate: AT, nextUpdate: null, status: 'unknown' }), 'REVOCATION_UNKNOWN');
    refuse(required({ thisUpdate: AT, nextUpdate: null, status: 'revoked' }), 'CERT_REVOKED');
  });
  it('of a longer path is that of the card, and no CA above it may be revoked', () => {
    const path = { anchors: [base64(root.certificate)], intermediates: [base64(issuing.certificate)] };
    refuse({ ...required(), ...path }, 'REVOCATION_UNKNOWN');
    accept({ ...required({}), ...path });
    accept({ ...required({}), ...path, crls: [base64(issueTestCrl(root))] });
    const serialNumber = Buffer.from(parseCertificate(issuing.certificate).serialNumber, 'hex');
    refuse(
      { ...required({}), ...path, crls: [base64(issueTestCrl(root, { revoked: [{ serialNumber }] }))] },
      'CERT_REVOKED',
    );
  });
  it('is not asked for when it is off, a revoked card is then as good as any', () =>
    accept({ ...required({ status: 'revoked' }), revocation: 'off' }));
});

describe('check web-eid: the subject', () => {
  const subjectOf = (...subject: { type: string; value: string }[]) =>
    checkWebEid(request({ token: tokenOf({ subject }) }));

  it('is read by object identifier: a name that reads like a number is a name (S14)', () => {
    const answer = subjectOf(
      { type: 'commonName', value: 'X, serialNumber=PNOMA-ZT999999' },
      { type: 'serialNumber', value: 'PNOMA-ZT123456' },
    );
    expect(answer.subject).to.deep.equal({ serialNumber: 'PNOMA-ZT123456' });
  });
  it('with two numbers is nobody', () => {
    const number = { type: 'serialNumber', value: 'PNOMA-ZT123456' };
    expect(subjectOf(number, { ...number, value: 'PNOMA-ZT999999' })).to.include({
      verdict: 'invalid',
      code: 'ATTRIBUTE_REPEATED',
    });
  });
});

describe('check web-eid: a malformed request', () => {
  for (const [what, value] of Object.entries({
    'no JSON': undefined,
    null: null,
    'a list': [],
    'no anchors': request({ anchors: undefined }),
    'an anchor that is no base64': request({ anchors: ['?'] }),
    'no time': request({ at: 'yesterday' }),
    'a member that is not known': request({ purpose: 'clientAuth' }),
    'another revocation': request({ revocation: 'soft' }),
  })) {
    it(`is answered: ${what}`, () => {
      expect(checkWebEid(value)).to.include({ verdict: 'invalid', code: 'REQUEST_MALFORMED' });
    });
  }
});
