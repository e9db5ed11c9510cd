import { expect } from 'chai';
import {
  authorityInformationAccess,
  crlDistributionPoints,
  extendedKeyUsage,
  keyUsage,
} from '../../src/demo/certificate-extensions.ts';
import { extension } from '../../src/demo/extension.ts';
import { generateKeys } from '../../src/demo/signing.ts';
import { RevocationError } from '../../src/errors.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { nullValue } from '../../src/pki/der-writer.ts';
import { acceptOcspResponse, type OcspAcceptance } from '../../src/pki/ocsp.ts';
import { encodeOcspRequest } from '../../src/pki/ocsp-request.ts';
import { parseOcspResponse } from '../../src/pki/ocsp-response.ts';
import { requireGood } from '../../src/pki/revocation.ts';
import {
  AT,
  type CertificateChanges,
  createTestAuthority,
  daysFromAt,
  issueTestCard,
  issueTestCrl,
  TEST_CRL_URL,
} from '../support/authority.ts';
import { issueTestOcspResponse, issueTestResponder, type OcspChanges } from '../support/ocsp.ts';
import { inBrief, pathOf, statusBy } from '../support/revocation.ts';

const authority = createTestAuthority();
const { issuing } = authority;
const card = issueTestCard(issuing);
const certificate = parseCertificate(card.certificate);
const issuer = parseCertificate(issuing.certificate);

/** The answer for the card, in one word. */
function by(changes: OcspChanges, acceptance: Partial<OcspAcceptance> = {}): string {
  const response = parseOcspResponse(issueTestOcspResponse(issuing, card.serialNumber, changes));
  const answer = acceptOcspResponse(response, certificate, issuer, {
    at: AT,
    skewSeconds: 0,
    algorithms: 'default',
    statusOfDelegate: () => 'unknown',
    ...acceptance,
  });
  return answer.status === 'unknown' ? answer.code : answer.status;
}

const unknownExtension = (critical: boolean) => extension('2.999.1', critical, nullValue());

describe('RFC 6960 3.2: what an OCSP response says of a certificate', () => {
  it('is good, revoked or unknown as the issuer says', () => {
    expect(by({})).to.equal('good');
    expect(by({ status: 'revoked' })).to.equal('revoked');
    expect(by({ status: 'unknown' })).to.equal('REVOCATION_UNKNOWN');
  });
  it('names the responder by name or by key', () => {
    expect(by({ responderId: 'byKey' })).to.equal('good');
    const named = { name: authority.root.name, key: issuing.keys.privateKey, publicKey: issuing.keys.publicKey };
    expect(by({ signer: named })).to.equal('OCSP_SIGNATURE_INVALID');
  });
  it('(1) speaks of this certificate', () => {
    expect(by({ serialNumber: Buffer.of(5) })).to.equal('OCSP_CERTIFICATE_MISMATCH');
    expect(by({ certIdIssuer: authority.root })).to.equal('OCSP_CERTIFICATE_MISMATCH');
  });
  it('(2) is signed by the key that it names', () => {
    expect(
      by({ signer: { name: issuing.name, key: generateKeys().privateKey, publicKey: issuing.keys.publicKey } }),
    ).to.equal('OCSP_SIGNATURE_INVALID');
  });
  it('(5) counts from thisUpdate, give or take the skew', () => {
    const seconds = (count: number): OcspChanges => ({ thisUpdate: new Date(AT.getTime() + count * 1000) });
    expect(by(seconds(0))).to.equal('good');
    expect(by(seconds(1))).to.equal('OCSP_STALE');
    expect(by(seconds(60), { skewSeconds: 60 })).to.equal('good');
    expect(by(seconds(61), { skewSeconds: 60 })).to.equal('OCSP_STALE');
  });
  it('(6) counts to nextUpdate, or for the maximum age', () => {
    expect(by({ nextUpdate: AT })).to.equal('good');
    expect(by({ nextUpdate: new Date(AT.getTime() - 1000) })).to.equal('OCSP_STALE');
    expect(by({ nextUpdate: null })).to.equal('OCSP_STALE');
    expect(by({ nextUpdate: null }, { maxAgeSeconds: 3600 })).to.equal('good');
    expect(by({ nextUpdate: null }, { maxAgeSeconds: 3599 })).to.equal('OCSP_STALE');
  });
  it('was produced neither in the future nor before the certificate was valid', () => {
    expect(by({ producedAt: new Date(AT.getTime() + 1000) })).to.equal('OCSP_STALE');
    const produced = (producedAt: Date): string => by({ producedAt, thisUpdate: daysFromAt(-101) });
    expect(produced(daysFromAt(-100))).to.equal('good');
    expect(produced(daysFromAt(-100.5))).to.equal('OCSP_STALE');
  });
  it('has no critical extension that is not processed (4.4)', () => {
    expect(by({ extensions: [unknownExtension(false)], singleExtensions: [unknownExtension(false)] })).to.equal('good');
    expect(by({ extensions: [unknownExtension(true)] })).to.equal('OCSP_CRITICAL_EXTENSION_UNKNOWN');
    const timestamps = extension('1.3.6.1.4.1.11129.2.4.5', true, nullValue());
    expect(by({ singleExtensions: [timestamps] })).to.equal('good');
    expect(by({ singleExtensions: [unknownExtension(true)] })).to.equal('OCSP_CRITICAL_EXTENSION_UNKNOWN');
  });
  it('carries the nonce of the request (4.4.1)', () => {
    const nonce = Buffer.alloc(32, 7);
    expect(by({ nonce }, { nonce })).to.equal('good');
    expect(by({ nonce: Buffer.alloc(32, 8) }, { nonce })).to.equal('OCSP_NONCE_MISMATCH');
    expect(by({}, { nonce })).to.equal('OCSP_NONCE_MISMATCH');
  });
});

describe('RFC 6960 4.2.2.2: who may answer', () => {
  const delegated = (changes: CertificateChanges, from = issuing, acceptance: Partial<OcspAcceptance> = {}): string => {
    const responder = issueTestResponder(from, changes);
    return by({ signer: responder.signer, certificates: [responder.certificate] }, acceptance);
  };

  it('is a delegate of the issuer, for OCSPSigning', () => {
    expect(delegated({})).to.equal('good');
    expect(delegated({ extensions: { extendedKeyUsage: extendedKeyUsage(['any']) } })).to.equal(
      'OCSP_SIGNATURE_INVALID',
    );
    expect(delegated({ extensions: { extendedKeyUsage: null } })).to.equal('OCSP_SIGNATURE_INVALID');
  });
  it('is no delegate whose certificate does not come along', () => {
    expect(by({ signer: issueTestResponder(issuing).signer })).to.equal('OCSP_SIGNATURE_INVALID');
  });
  it('is no delegate of the CA above, or of a CA of the same name', () => {
    expect(delegated({}, authority.root)).to.equal('OCSP_SIGNATURE_INVALID');
    expect(delegated({}, createTestAuthority().issuing)).to.equal('OCSP_SIGNATURE_INVALID');
  });
  it('is a delegate within its own dates', () => {
    expect(delegated({ notAfter: AT })).to.equal('good');
    expect(delegated({ notAfter: new Date(AT.getTime() - 1000) })).to.equal('OCSP_SIGNATURE_INVALID');
    expect(delegated({ notBefore: new Date(AT.getTime() + 1000) })).to.equal('OCSP_SIGNATURE_INVALID');
  });
  it('is a delegate whose key may sign', () => {
    expect(delegated({ extensions: { keyUsage: keyUsage(['nonRepudiation']) } })).to.equal('good');
    expect(delegated({ extensions: { keyUsage: keyUsage(['keyEncipherment']) } })).to.equal('OCSP_SIGNATURE_INVALID');
  });
  it('is a delegate without unknown critical extensions', () => {
    expect(delegated({ moreExtensions: [unknownExtension(false)] })).to.equal('good');
    expect(delegated({ moreExtensions: [unknownExtension(true)] })).to.equal('OCSP_SIGNATURE_INVALID');
  });
  it('is a delegate that is not revoked, unless the CA vouches for it by nocheck', () => {
    const checked = { extensions: { noCheck: null } };
    const somewhere = {
      extensions: {
        noCheck: null,
        crlDistributionPoints: crlDistributionPoints([{ fullName: [{ uri: TEST_CRL_URL }] }]),
      },
    };
    const as = (status: 'good' | 'revoked' | 'unknown') => ({ statusOfDelegate: () => status });
    expect(delegated({}, issuing, as('revoked'))).to.equal('good');
    expect(delegated(checked, issuing, as('revoked'))).to.equal('OCSP_SIGNATURE_INVALID');
    expect(delegated(checked, issuing, as('unknown'))).to.equal('good');
    expect(delegated(somewhere, issuing, as('unknown'))).to.equal('OCSP_SIGNATURE_INVALID');
    expect(delegated(somewhere, issuing, as('good'))).to.equal('good');
    const describing = (access: Parameters<typeof authorityInformationAccess>[0]) => ({
      extensions: { noCheck: null, authorityInformationAccess: authorityInformationAccess(access) },
    });
    const address = ['http://ca.thiqa.example/'];
    expect(delegated(describing({ ocsp: address }), issuing, as('unknown'))).to.equal('OCSP_SIGNATURE_INVALID');
    // Where its issuer's certificate stands says nothing of its status.
    expect(delegated(describing({ caIssuers: address }), issuing, as('unknown'))).to.equal('good');
    expect(delegated(describing({ caIssuers: address }), issuing, as('revoked'))).to.equal('OCSP_SIGNATURE_INVALID');
  });
  it('is a responder that the operator pinned, within its dates', () => {
    const stranger = issueTestResponder(createTestAuthority().root);
    const pinned = { pinnedResponders: [parseCertificate(stranger.certificate)] };
    expect(by({ signer: stranger.signer }, pinned)).to.equal('good');
    expect(by({ signer: stranger.signer })).to.equal('OCSP_SIGNATURE_INVALID');
    const expired = issueTestResponder(createTestAuthority().root, { notAfter: daysFromAt(-1) });
    expect(by({ signer: expired.signer }, { pinnedResponders: [parseCertificate(expired.certificate)] })).to.equal(
      'OCSP_SIGNATURE_INVALID',
    );
  });
});

describe('RFC 6960 4.2.1: the form of a response', () => {
  const refused = (der: Uint8Array, code: string): void => {
    expect(() => parseOcspResponse(der))
      .to.throw(RevocationError)
      .with.property('code', code);
  };
  it('is an error status of the responder', () => {
    for (const status of [1, 2, 3, 5, 6])
      refused(issueTestOcspResponse(issuing, card.serialNumber, { responseStatus: status }), 'OCSP_NOT_SUCCESSFUL');
    for (const status of [0, 4, 7])
      refused(issueTestOcspResponse(issuing, card.serialNumber, { responseStatus: status }), 'OCSP_MALFORMED');
  });
  it('is malformed when cut off, continued or something else', () => {
    const whole = issueTestOcspResponse(issuing, card.serialNumber);
    for (const der of [whole.subarray(0, -1), Buffer.concat([whole, Buffer.of(0)]), Buffer.alloc(0), card.certificate])
      refused(der, 'OCSP_MALFORMED');
  });
  it('is malformed with a reason that is not one', () => {
    expect(by({ status: 'revoked', reason: 'superseded' })).to.equal('revoked');
    refused(
      issueTestOcspResponse(issuing, card.serialNumber, { status: 'revoked', reason: 'removeFromCRL' }),
      'OCSP_MALFORMED',
    );
  });
});

describe('RFC 6960 4.1: the request', () => {
  it('carries a nonce when asked to', () => {
    const nonce = Buffer.alloc(32, 7);
    const plain = encodeOcspRequest(certificate, issuer);
    const request = encodeOcspRequest(certificate, issuer, nonce);
    expect(plain.includes(Buffer.from(certificate.serialNumber, 'hex'))).to.equal(true);
    expect(plain.includes(nonce)).to.equal(false);
    expect(request.includes(Buffer.concat([Buffer.from('06092b060105050730010204220420', 'hex'), nonce]))).to.equal(
      true,
    );
  });
});

describe('the revocation decision by OCSP', () => {
  const path = pathOf(card, authority);
  const status = (ocsp: OcspChanges | undefined, crls: readonly Buffer[] = []) =>
    statusBy(path, authority, {
      crls,
      ocspResponses: ocsp === undefined ? [] : [issueTestOcspResponse(issuing, card.serialNumber, ocsp)],
    });

  it('is good by a response, without a CRL of the issuer', () => expect(inBrief(status({}))).to.equal('good'));
  it('is good by a CRL when the response is stale', () => {
    expect(inBrief(status({ nextUpdate: daysFromAt(-0.01) }))).to.equal('OCSP_STALE');
    expect(inBrief(status({ nextUpdate: daysFromAt(-0.01) }, [issueTestCrl(issuing)]))).to.equal('good');
  });
  it('is revoked when either says so', () => {
    const revoking = issueTestCrl(issuing, { revoked: [{ serialNumber: card.serialNumber, reason: 'superseded' }] });
    expect(inBrief(status({}, [revoking]))).to.equal('revoked superseded');
    expect(inBrief(status({ status: 'revoked', reason: 'keyCompromise' }, [issueTestCrl(issuing)]))).to.equal(
      'revoked keyCompromise',
    );
  });
  it('is unknown when the issuer does not know the certificate, whatever the CRL says', () => {
    expect(inBrief(status({ status: 'unknown' }, [issueTestCrl(issuing)]))).to.equal('REVOCATION_UNKNOWN');
  });
  it('passes a good status alone', () => {
    expect(() => requireGood(status({}))).not.to.throw();
    const refusals: readonly (readonly [OcspChanges | undefined, string])[] = [
      [{ status: 'revoked', reason: 'keyCompromise' }, 'CERT_REVOKED'],
      [{ status: 'revoked', reason: 'certificateHold' }, 'CERT_ON_HOLD'],
      [{ status: 'unknown' }, 'REVOCATION_UNKNOWN'],
      [undefined, 'REVOCATION_UNKNOWN'],
    ];
    for (const [changes, code] of refusals) {
      expect(() => requireGood(status(changes)))
        .to.throw(RevocationError)
        .with.property('code', code);
    }
  });
});
