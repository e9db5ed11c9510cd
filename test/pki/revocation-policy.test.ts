import { expect } from 'chai';
import { crlDistributionPoints } from '../../src/demo/certificate-extensions.ts';
import { deltaCrlIndicator, type ReasonCodeName } from '../../src/demo/crl-extensions.ts';
import { RevocationError } from '../../src/errors.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { type RevocationStatus, requireAcceptable, requireGood } from '../../src/pki/revocation.ts';
import { DEFAULT_POLICIES, isInForce, policyOf } from '../../src/pki/revocation-policy.ts';
import {
  AT,
  createTestAuthority,
  daysFromAt,
  issueTestCard,
  issueTestCrl,
  TEST_CRL_URL,
} from '../support/authority.ts';
import { issueTestOcspResponse, issueTestResponder, type OcspChanges } from '../support/ocsp.ts';
import { expectRefusal } from '../support/refusal.ts';
import { inBrief, type PolicyChanges, pathOf, policiesFor, statusBy } from '../support/revocation.ts';

const authority = createTestAuthority();
const { root, issuing } = authority;
const card = issueTestCard(issuing);
const path = pathOf(card, authority);
const listed = [{ serialNumber: card.serialNumber }];
const past = new Date(AT.getTime() - 1000);
const crl = issueTestCrl(issuing);
const stale = issueTestCrl(issuing, { nextUpdate: past });
const answer = (changes: OcspChanges = {}) => issueTestOcspResponse(issuing, card.serialNumber, changes);

/** The status of the card by the policy of its issuing CA; the root's CRL is current and revokes nothing. */
const status = (changes: PolicyChanges, given: Parameters<typeof statusBy>[2], at = AT): RevocationStatus =>
  statusBy(path, authority, given, { at, policies: policiesFor(issuing, changes) });

describe('the revocation policy of an issuing CA', () => {
  it('belongs to its key: another CA of the same name has the policy of the others', () => {
    const policies = policiesFor(issuing, { methods: ['ocsp'] });
    const namesake = createTestAuthority().issuing;
    expect(policyOf(policies, parseCertificate(issuing.certificate)).methods).to.deep.equal(['ocsp']);
    expect(policyOf(policies, parseCertificate(namesake.certificate))).to.equal(policies.others);
  });

  it('is by default: CRLs alone', () => {
    const options = { policies: DEFAULT_POLICIES };
    expect(inBrief(statusBy(path, authority, { crls: [crl] }, options))).to.equal('good');
    expect(inBrief(statusBy(path, authority, { ocspResponses: [answer()] }, options))).to.equal('REVOCATION_UNKNOWN');
  });

  it('says what counts: an answer only where the responder is listed, a CRL only where CRLs are', () => {
    expect(inBrief(status({ methods: ['ocsp'] }, { ocspResponses: [answer()] }))).to.equal('good');
    expect(inBrief(status({ methods: ['crl'] }, { ocspResponses: [answer()] }))).to.equal('REVOCATION_UNKNOWN');
    expect(inBrief(status({ methods: ['ocsp'] }, { crls: [crl] }))).to.equal('REVOCATION_UNKNOWN');
  });

  it('is of this CA alone: the one above keeps its own', () => {
    const policies = policiesFor(root, { methods: ['ocsp'] });
    expect(statusBy(path, authority, { crls: [crl] }, { policies })).to.include({ status: 'unknown', depth: 1 });
  });

  it('names in the evidence what the first source that knows says', () => {
    const given = { crls: [crl], ocspResponses: [answer()] };
    expect(status({ methods: ['crl', 'ocsp'] }, given).evidence?.source).to.match(/^crl/);
    expect(status({ methods: ['ocsp', 'crl'] }, given).evidence?.source).to.match(/^ocsp/);
  });

  it('falls back on the next source, in either order', () => {
    const given = { crls: [stale], ocspResponses: [answer()] };
    expect(inBrief(status({ methods: ['crl', 'ocsp'] }, given))).to.equal('good');
    const other = { crls: [crl], ocspResponses: [answer({ nextUpdate: past })] };
    expect(inBrief(status({ methods: ['ocsp', 'crl'] }, other))).to.equal('good');
    expect(
      inBrief(status({ methods: ['crl', 'ocsp'] }, { crls: [stale], ocspResponses: other.ocspResponses })),
    ).to.equal('REVOCATION_STALE');
  });

  it('bounds the age of what it says, and demands it where there is no next update', () => {
    const day = 86_400;
    expect(inBrief(status({ maxAgeSeconds: day }, { crls: [crl] }))).to.equal('good');
    expect(inBrief(status({ maxAgeSeconds: day - 1 }, { crls: [crl] }))).to.equal('REVOCATION_STALE');
    const endless = [answer({ nextUpdate: null })];
    expect(inBrief(status({ methods: ['ocsp'] }, { ocspResponses: endless }))).to.equal('OCSP_STALE');
    expect(inBrief(status({ methods: ['ocsp'], maxAgeSeconds: 3600 }, { ocspResponses: endless }))).to.equal('good');
    expect(inBrief(status({ methods: ['ocsp'], maxAgeSeconds: 3599 }, { ocspResponses: endless }))).to.equal(
      'OCSP_STALE',
    );
  });

  it('may pin a responder, for this CA alone', () => {
    const responder = issueTestResponder(createTestAuthority().issuing);
    const given = { ocspResponses: [answer({ signer: responder.signer })] };
    const pinned = { pinnedResponders: [parseCertificate(responder.certificate)] };
    expect(inBrief(status({ methods: ['ocsp'] }, given))).to.equal('OCSP_SIGNATURE_INVALID');
    expect(inBrief(status({ methods: ['ocsp'], ocsp: pinned }, given))).to.equal('good');
    const ofRoot = policiesFor(root, { ocsp: pinned });
    const policies = { ...ofRoot, others: { ...ofRoot.others, methods: ['ocsp'] as const } };
    expect(inBrief(statusBy(path, authority, given, { policies }))).to.equal('OCSP_SIGNATURE_INVALID');
  });
});

describe('an exception of the policy', () => {
  const until = daysFromAt(1);
  const exception = { until, reason: 'The CA has announced a failure.' };
  const pass = (given: Parameters<typeof statusBy>[2], at = AT, changes: PolicyChanges = {}) =>
    requireAcceptable(status({ exception, ...changes }, given, at));
  const refuse = (given: Parameters<typeof statusBy>[2], code: RevocationError['code'], changes: PolicyChanges = {}) =>
    expectRefusal(() => pass(given, AT, changes), RevocationError, code);

  it('lets an unknown status pass, which stays unknown', () => {
    const unknown = status({ exception }, {});
    expect(unknown).to.include({ status: 'unknown', code: 'REVOCATION_UNKNOWN', exception: true });
    expect(() => requireAcceptable(unknown)).not.to.throw();
    expect(() => requireGood(unknown)).to.throw(RevocationError);
    pass({ crls: [stale] });
    pass({ ocspResponses: [answer({ responseStatus: 3 })] }, AT, { methods: ['ocsp'] });
  });

  it('changes nothing for a good status', () => {
    expect(status({ exception }, { crls: [crl] })).to.have.property('status', 'good');
    expect(status({ exception }, { crls: [crl] })).to.not.have.property('exception');
  });

  it('is in force until its end, and not at it', async () => {
    const rootCrl = { crls: [issueTestCrl(root, { nextUpdate: daysFromAt(7), number: 2 })] };
    pass(rootCrl, new Date(until.getTime() - 1));
    await expectRefusal(() => pass(rootCrl, until), RevocationError, 'REVOCATION_UNKNOWN');
    expect(isInForce(exception, new Date(Number.NaN))).to.equal(false);
    expect(isInForce({ ...exception, until: new Date(Number.NaN) }, AT)).to.equal(false);
    expect(isInForce(undefined, AT)).to.equal(false);
  });

  it('never lets a revoked card pass', async () => {
    await refuse({ crls: [issueTestCrl(issuing, { revoked: listed })] }, 'CERT_REVOKED');
    await refuse({ ocspResponses: [answer({ status: 'revoked' })] }, 'CERT_REVOKED', { methods: ['ocsp'] });
  });

  it('never lets a card pass that something older lists, even of a source that does not count otherwise', async () => {
    await refuse({ crls: [issueTestCrl(issuing, { revoked: listed, nextUpdate: past })] }, 'REVOCATION_STALE');
    const revokedOnce = [answer({ status: 'revoked', nextUpdate: past })];
    await refuse({ ocspResponses: revokedOnce }, 'OCSP_STALE', { methods: ['ocsp'] });
    await refuse({ ocspResponses: revokedOnce }, 'REVOCATION_UNKNOWN');
  });

  it('never lets a card pass that a delegate says is revoked, who has ended since, or whose own status is unknown', async () => {
    const methods = { methods: ['ocsp'] } as const;
    const by = (delegate: ReturnType<typeof issueTestResponder>, changes: OcspChanges = {}) => ({
      ocspResponses: [
        answer({ status: 'revoked', signer: delegate.signer, certificates: [delegate.certificate], ...changes }),
      ],
    });
    const old = { thisUpdate: daysFromAt(-3), nextUpdate: daysFromAt(-2) };
    const ended = issueTestResponder(issuing, { notAfter: past });
    await refuse(by(ended, old), 'OCSP_SIGNATURE_INVALID', methods);
    // What was signed after the end may be anybody's.
    pass(by(ended, { producedAt: AT }), AT, methods);
    const points = crlDistributionPoints([{ fullName: [{ uri: TEST_CRL_URL }] }]);
    const listedSomewhere = issueTestResponder(issuing, {
      extensions: { noCheck: null, crlDistributionPoints: points },
    });
    await refuse(by(listedSomewhere), 'OCSP_SIGNATURE_INVALID', methods);
    const crls = [issueTestCrl(issuing, { revoked: [listedSomewhere] })];
    pass({ ...by(listedSomewhere), crls }, AT, methods);
  });

  it('never lets a card pass that a delta CRL lists, for which there is no complete one', async () => {
    const delta = (reason: ReasonCodeName) =>
      issueTestCrl(issuing, {
        number: 9,
        revoked: [{ serialNumber: card.serialNumber, reason }],
        extensions: { delta: deltaCrlIndicator(8) },
      });
    await refuse({ crls: [delta('keyCompromise')] }, 'REVOCATION_UNKNOWN');
    await refuse({ crls: [stale, delta('certificateHold')] }, 'REVOCATION_STALE');
    pass({ crls: [delta('removeFromCRL')] });
  });

  it('is not misled by a list that a stranger signed', () => {
    const { privateKey } = createTestAuthority().issuing.keys;
    pass({ crls: [issueTestCrl(issuing, { revoked: listed, nextUpdate: past, issuerKey: privateKey })] });
  });

  it('never lets a card pass that its issuer does not know', () =>
    refuse({ ocspResponses: [answer({ status: 'unknown' })] }, 'REVOCATION_UNKNOWN', { methods: ['ocsp'] }));

  it('is for the cards of this CA, not for the CA itself', () => {
    const policies = policiesFor(issuing, { exception });
    const ofRoot = [issueTestCrl(root, { revoked: [{ serialNumber: serialOf(issuing.certificate) }] })];
    const revokedCa = statusBy(path, authority, { crls: ofRoot }, { policies });
    expect(revokedCa).to.include({ status: 'revoked', depth: 1 });
    const unknownCa = statusBy(path, authority, {}, { policies, at: daysFromAt(0.5), maxAgeSeconds: 1 });
    expect(unknownCa).to.include({ status: 'unknown', depth: 0, exception: true });
    const strictRoot = { ...policies, others: { ...policies.others, maxAgeSeconds: 60 } };
    expect(() => requireAcceptable(statusBy(path, authority, {}, { policies: strictRoot }))).to.throw(RevocationError);
  });
});

function serialOf(der: Uint8Array): Buffer {
  return Buffer.from(parseCertificate(der).serialNumber, 'hex');
}
