import { recogniseDocument } from '../../src/authentication/accepted-document.ts';
import { provePossession } from '../../src/authentication/possession-proof.ts';
import { EvidenceError } from '../../src/errors.ts';
import { acceptedDocument, evidenceOf } from '../support/acceptance.ts';
import { AT, createTestAuthority, issueTestCard } from '../support/authority.ts';
import { expectRefusal } from '../support/refusal.ts';

const authority = createTestAuthority();
const document = acceptedDocument(authority);
const mine = evidenceOf(issueTestCard(authority.issuing).certificate);
const theirs = evidenceOf(issueTestCard(authority.issuing).certificate);
const { path } = recogniseDocument(mine.unverifiedCertificate, [document], AT);

describe('possession of the key', () => {
  it('is proven for the path of the certificate that the handshake proved', () => provePossession(mine, path));

  it('is not proven for the path of another certificate, of the same holder too (S5)', () =>
    expectRefusal(() => provePossession(theirs, path), EvidenceError, 'CARD_NOT_PRESENTED'));
});
