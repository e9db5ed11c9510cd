/**
 * S13: a person is the hash of the printed name (login.gov). Here: the same name under two CAs is two persons; a renewed
 * card with another spelling and the same number is the same person.
 */
import { createSecretKey } from 'node:crypto';
import { expect } from 'chai';
import type { AcceptedDocument } from '../../src/authentication/accepted-document.ts';
import { authenticateCitizen } from '../../src/authentication/authenticate-citizen.ts';
import { type CardHolder, type CertificationAuthority, cardSubject } from '../../src/demo/authority.ts';
import { accountIdOf, pairwiseSubject } from '../../src/oidc/subject-identifier.ts';
import { acceptedDocument, evidenceOf } from '../support/acceptance.ts';
import { AT, createTestAuthority, HOLDER, issueTestCard } from '../support/authority.ts';
import { TEST_PROFILE } from '../support/document.ts';
import { testAudit } from '../support/ports.ts';

const SUBJECT_KEY = createSecretKey(Buffer.alloc(32, 7));
const morocco = createTestAuthority();
const algeria = createTestAuthority();
const { nationalIdentifier } = TEST_PROFILE;

const documents: readonly AcceptedDocument[] = [
  acceptedDocument(morocco),
  acceptedDocument(algeria, {
    profile: {
      ...TEST_PROFILE,
      id: 'algerian-card',
      country: 'DZ',
      nationalIdentifier: { ...nationalIdentifier, rule: { ...nationalIdentifier.rule, country: 'DZ' } },
    },
  }),
];

async function accountOf(issuer: CertificationAuthority, changes: Partial<CardHolder> = {}): Promise<string> {
  const { certificate } = issueTestCard(issuer, { subject: cardSubject({ ...HOLDER, ...changes }) });
  const citizen = await authenticateCitizen(
    () => evidenceOf(certificate),
    { interaction: 'i', clientId: 'c', method: 'client-certificate' },
    {
      documents: async () => documents,
      audit: testAudit().log,
      clock: () => AT,
      accountIdOf: (identifier) => accountIdOf(identifier, SUBJECT_KEY),
      isSuspended: async () => false,
    },
  );
  return citizen.accountId;
}

describe('S13: a person is the national number of a state', () => {
  it('the same name and digits under the CAs of two states: two persons', async () => {
    const [one, other] = [
      await accountOf(morocco.issuing),
      await accountOf(algeria.issuing, { semanticsIdentifier: 'PNODZ-ZT123456' }),
    ];
    expect(one).to.not.equal(other);
  });

  it('the same name under one CA with two numbers: two persons', async () => {
    expect(await accountOf(morocco.issuing)).to.not.equal(
      await accountOf(morocco.issuing, { semanticsIdentifier: 'PNOMA-ZT123457' }),
    );
  });

  it('a renewed card, with another key, another serial number and another spelling: the same person', async () => {
    const [first, renewed] = [
      await accountOf(morocco.issuing),
      await accountOf(morocco.issuing, { givenName: 'AMINA', familyName: 'ELMANSOURI', arabicGivenName: 'امينة' }),
    ];
    expect(renewed).to.equal(first);
    const sub = (account: string): string => pairwiseSubject(account, 'passport.example.ma', SUBJECT_KEY);
    expect(sub(renewed)).to.equal(sub(first));
  });

  it('the same number in lower case, and after a change of name: the same person', async () => {
    expect(await accountOf(morocco.issuing, { semanticsIdentifier: 'PNOMA-zt123456', familyName: 'Benali' })).to.equal(
      await accountOf(morocco.issuing),
    );
  });
});
