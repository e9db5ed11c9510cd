import { expect } from 'chai';
import { RevocationError, ServiceError } from '../../src/errors.ts';
import { gatherEvidence } from '../../src/network/gather-evidence.ts';
import type { Fetched, FetchRequest } from '../../src/network/guarded-fetch.ts';
import { OcspSource } from '../../src/network/ocsp-source.ts';
import { decideRevocation, readEvidence, requireGood } from '../../src/pki/revocation.ts';
import { AT, createTestAuthority, issueTestCard, issueTestCrl } from '../support/authority.ts';
import { issueTestOcspResponse, type OcspChanges } from '../support/ocsp.ts';
import { expectRefusal } from '../support/refusal.ts';
import { pathOf, policiesFor } from '../support/revocation.ts';

const authority = createTestAuthority();
const { root, issuing } = authority;
const card = issueTestCard(issuing);
const path = pathOf(card, authority);
const past = new Date(AT.getTime() - 1000);

/** One sign-in with a responder that answers so, and the CRLs given; a nonce is echoed unless the answer has its own. */
async function signIn(changes: OcspChanges | ServiceError, crls: readonly Buffer[] = []): Promise<void> {
  const fetch = async (_address: string, { body = Buffer.alloc(0) }: FetchRequest = {}): Promise<Fetched> => {
    if (changes instanceof ServiceError) throw changes;
    const nonce = Buffer.from(body).subarray(-32);
    return { status: 200, headers: {}, body: issueTestOcspResponse(issuing, card.serialNumber, { nonce, ...changes }) };
  };
  const evidence = readEvidence({ crls: [issueTestCrl(root), ...crls] });
  const policies = policiesFor(issuing, { methods: ['ocsp', 'crl'], ocsp: { responder: 'http://ocsp.example/' } });
  const gathered = await gatherEvidence(path, AT, {
    policies,
    crls: [{ evidenceFor: async () => evidence }],
    ocsp: new OcspSource({ allowedHosts: [], privateHosts: [], clock: () => AT, fetch }),
  });
  requireGood(decideRevocation(path, gathered, { at: AT, policies }));
}

describe('S16: an OCSP responder without an answer never means good', () => {
  const down = new ServiceError('FETCH_TIMEOUT', 'down');

  it('a good answer is told from none', () => signIn({}));
  it('down, with a fresh CRL: the CRL decides', async () => {
    await signIn(down, [issueTestCrl(issuing)]);
    const revoking = issueTestCrl(issuing, { revoked: [{ serialNumber: card.serialNumber }] });
    await expectRefusal(() => signIn(down, [revoking]), RevocationError, 'CERT_REVOKED');
  });
  it('down, without a CRL or with a stale one: refuse', async () => {
    await expectRefusal(() => signIn(down), RevocationError, 'REVOCATION_UNAVAILABLE');
    await expectRefusal(
      () => signIn(down, [issueTestCrl(issuing, { nextUpdate: past })]),
      RevocationError,
      'REVOCATION_STALE',
    );
  });
  it('unknown: refuse, even beside a CRL that does not list the card', async () => {
    await expectRefusal(() => signIn({ status: 'unknown' }), RevocationError, 'REVOCATION_UNKNOWN');
    await expectRefusal(
      () => signIn({ status: 'unknown' }, [issueTestCrl(issuing)]),
      RevocationError,
      'REVOCATION_UNKNOWN',
    );
  });
  it('past its nextUpdate: refuse', () =>
    expectRefusal(() => signIn({ nextUpdate: past }), RevocationError, 'OCSP_STALE'));
  it('an error status: refuse', () =>
    expectRefusal(() => signIn({ responseStatus: 3 }), RevocationError, 'OCSP_NOT_SUCCESSFUL'));
  it('replayed, with the nonce of another request: refuse', () =>
    expectRefusal(() => signIn({ nonce: Buffer.alloc(32, 1) }), RevocationError, 'OCSP_NONCE_MISMATCH'));
  it('is never taken for revoked', () => {
    expect(decideRevocation(path, readEvidence({}), { at: AT }).status).to.equal('unknown');
  });
});
