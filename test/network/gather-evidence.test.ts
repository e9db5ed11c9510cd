import { expect } from 'chai';
import { gatherEvidence } from '../../src/network/gather-evidence.ts';
import type { OcspQuestion } from '../../src/network/ocsp-question.ts';
import type { OcspFindings } from '../../src/network/ocsp-source.ts';
import { parseOcspResponse } from '../../src/pki/ocsp-response.ts';
import { decideRevocation, readEvidence } from '../../src/pki/revocation.ts';
import { AT, createTestAuthority, issueTestCard, issueTestCrl } from '../support/authority.ts';
import { issueTestOcspResponse, type OcspChanges } from '../support/ocsp.ts';
import { inBrief, type PolicyChanges, pathOf, policiesFor } from '../support/revocation.ts';

const authority = createTestAuthority();
const { root, issuing } = authority;
const card = issueTestCard(issuing);
const path = pathOf(card, authority);
const past = new Date(AT.getTime() - 1000);
const ROOT = issueTestCrl(root);
const CURRENT = issueTestCrl(issuing);
const STALE = issueTestCrl(issuing, { nextUpdate: past });
const REVOKING = issueTestCrl(issuing, { revoked: [{ serialNumber: card.serialNumber }] });

/** One sign-in by this policy of the issuing CA: the status, and about how many certificates the responder was asked. */
async function signIn(
  changes: PolicyChanges,
  crls: readonly Buffer[],
  answer: OcspChanges | 'down' = {},
  ca = issuing,
) {
  const asked: OcspQuestion[] = [];
  const policies = policiesFor(ca, changes);
  const ask = async (question: OcspQuestion): Promise<OcspFindings> => {
    asked.push(question);
    if (answer === 'down') return { responses: [], failures: [{ source: 'ocsp', code: 'REVOCATION_UNAVAILABLE' }] };
    const serialNumber = Buffer.from(question.certificate.serialNumber, 'hex');
    return { responses: [parseOcspResponse(issueTestOcspResponse(ca, serialNumber, answer))], failures: [] };
  };
  const lists = { evidenceFor: async () => readEvidence({ crls }) };
  const evidence = await gatherEvidence(path, AT, { policies, crls: [lists], ocsp: { ask } });
  const status = decideRevocation(path, evidence, { at: AT, policies });
  return { status: inBrief(status), asked: asked.map(({ certificate }) => path.certificates.indexOf(certificate)) };
}

describe('evidence, in the order of the policy', () => {
  it('CRL alone: no responder is asked, known or not', async () => {
    expect(await signIn({}, [ROOT, CURRENT])).to.deep.equal({ status: 'good', asked: [] });
    expect(await signIn({}, [ROOT])).to.deep.equal({ status: 'REVOCATION_UNKNOWN', asked: [] });
  });

  it('CRL, then OCSP: the responder is asked only about what the CRL does not know', async () => {
    const methods = ['crl', 'ocsp'] as const;
    expect(await signIn({ methods }, [ROOT, CURRENT])).to.deep.equal({ status: 'good', asked: [] });
    expect(await signIn({ methods }, [ROOT, REVOKING])).to.deep.equal({ status: 'revoked unspecified', asked: [] });
    expect(await signIn({ methods }, [ROOT, STALE])).to.deep.equal({ status: 'good', asked: [0] });
    expect(await signIn({ methods }, [ROOT])).to.deep.equal({ status: 'good', asked: [0] });
    expect(await signIn({ methods }, [ROOT], { status: 'revoked' })).to.include({ status: 'revoked unspecified' });
    expect(await signIn({ methods }, [ROOT], 'down')).to.deep.equal({ status: 'REVOCATION_UNAVAILABLE', asked: [0] });
  });

  it('OCSP, then CRL: the responder is asked, and the CRL decides when it has no answer', async () => {
    const methods = ['ocsp', 'crl'] as const;
    expect(await signIn({ methods }, [ROOT])).to.deep.equal({ status: 'good', asked: [0] });
    expect(await signIn({ methods }, [ROOT, CURRENT], 'down')).to.deep.equal({ status: 'good', asked: [0] });
    expect(await signIn({ methods }, [ROOT, REVOKING])).to.include({ status: 'revoked unspecified' });
    expect(await signIn({ methods }, [ROOT, CURRENT], { status: 'unknown' })).to.include({
      status: 'REVOCATION_UNKNOWN',
    });
  });

  it('OCSP for the certificates of the root: asked about the CA, not about the card', async () => {
    const answered = await signIn({ methods: ['ocsp'] }, [CURRENT], {}, root);
    expect(answered).to.deep.equal({ status: 'good', asked: [1] });
    const revoked = await signIn({ methods: ['crl', 'ocsp'] }, [CURRENT], { status: 'revoked' }, root);
    expect(revoked).to.deep.equal({ status: 'revoked unspecified', asked: [1] });
  });

  it('nobody is asked about a path of which a certificate is revoked', async () => {
    const others = [issueTestCrl(root, { revoked: [{ serialNumber: serialOfIssuing() }] })];
    expect(await signIn({ methods: ['crl', 'ocsp'] }, others)).to.deep.equal({
      status: 'revoked unspecified',
      asked: [],
    });
  });
});

function serialOfIssuing(): Buffer {
  return Buffer.from(path.certificates[1]?.serialNumber ?? '', 'hex');
}
