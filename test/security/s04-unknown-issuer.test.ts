import { CertificateError } from '../../src/errors.ts';
import { createTestAuthority, issueTestCard } from '../support/authority.ts';
import { findPath } from '../support/path.ts';
import { expectRefusal } from '../support/refusal.ts';

const { root, issuing } = createTestAuthority();
const card = issueTestCard(issuing);

describe('S4: a path that cannot be built', () => {
  it('is a refusal, not a warning: the issuing CA is missing', async () => {
    findPath([card, issuing, root]);
    await expectRefusal(() => findPath([card, root]), CertificateError, 'CERT_ISSUER_UNKNOWN');
  });

  it('is a refusal when the card is self-signed', async () => {
    const alone = createTestAuthority().root;
    await expectRefusal(() => findPath([alone, root]), CertificateError, 'CERT_ISSUER_UNKNOWN');
  });
});
