import { extension } from '../../src/demo/extension.ts';
import { CertificateError } from '../../src/errors.ts';
import { nullValue } from '../../src/pki/der-writer.ts';
import { createTestAuthority, issueTestCa, issueTestCard, issueTestRoot } from '../support/authority.ts';
import { findPath } from '../support/path.ts';
import { expectRefusal } from '../support/refusal.ts';

const { root, issuing } = createTestAuthority();
const unknown = (isCritical: boolean) => ({ moreExtensions: [extension('2.999.504.99', isCritical, nullValue())] });

describe('S23: an unknown critical extension', () => {
  it('is refused in a card, and ignored when it is not critical', async () => {
    findPath([issueTestCard(issuing, unknown(false)), issuing, root]);
    const step = () => findPath([issueTestCard(issuing, unknown(true)), issuing, root]);
    await expectRefusal(step, CertificateError, 'CERT_CRITICAL_EXTENSION_UNKNOWN');
  });

  it('is refused in a CA', async () => {
    const ca = issueTestCa(root, unknown(true));
    await expectRefusal(
      () => findPath([issueTestCard(ca), ca, root]),
      CertificateError,
      'CERT_CRITICAL_EXTENSION_UNKNOWN',
    );
  });

  it('is refused in an anchor that is trusted as a certificate', async () => {
    const top = issueTestRoot(unknown(true));
    await expectRefusal(() => findPath([issueTestCard(top), top]), CertificateError, 'CERT_CRITICAL_EXTENSION_UNKNOWN');
  });
});
