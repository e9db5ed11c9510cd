import { expect } from 'chai';
import { extension } from '../../src/demo/extension.ts';
import { RevocationError } from '../../src/errors.ts';
import { nullValue } from '../../src/pki/der-writer.ts';
import { requireGood } from '../../src/pki/revocation.ts';
import { AT, type CrlChanges, createTestAuthority, issueTestCard, issueTestCrl } from '../support/authority.ts';
import { expectRefusal } from '../support/refusal.ts';
import { pathOf, statusBy } from '../support/revocation.ts';

const authority = createTestAuthority();
const impostor = createTestAuthority();
const path = pathOf(issueTestCard(authority.issuing), authority);
const pass = (crl: Buffer) => () => requireGood(statusBy(path, authority, { crls: [crl] }));
const past = new Date(AT.getTime() - 1000);
const future = new Date(AT.getTime() + 120_000);

describe('S8: a CRL that must not be relied on', () => {
  it('is told from one that may', () => {
    expect(pass(issueTestCrl(authority.issuing))).not.to.throw();
  });

  const cases: readonly (readonly [string, CrlChanges, RevocationError['code']])[] = [
    ['is past its nextUpdate', { nextUpdate: past }, 'REVOCATION_STALE'],
    ['has its thisUpdate in the future', { thisUpdate: future }, 'CRL_NOT_YET_VALID'],
    [
      'is signed by another CA of the same name',
      { issuerKey: impostor.issuing.keys.privateKey },
      'CRL_SIGNATURE_INVALID',
    ],
    [
      'has an unknown critical extension',
      { extensions: { unknown: extension('2.999.1', true, nullValue()) } },
      'CRL_CRITICAL_EXTENSION_UNKNOWN',
    ],
  ];
  for (const [what, changes, code] of cases) {
    it(`refuses: ${what}`, () => expectRefusal(pass(issueTestCrl(authority.issuing, changes)), RevocationError, code));
  }

  it('refuses: is wholly of another CA of the same name, whose certificate comes along', async () => {
    const given = {
      crls: [issueTestCrl(impostor.issuing), issueTestCrl(impostor.root)],
      certificates: [impostor.issuing.certificate, impostor.root.certificate],
    };
    await expectRefusal(() => requireGood(statusBy(path, authority, given)), RevocationError, 'CRL_SIGNATURE_INVALID');
  });
});
