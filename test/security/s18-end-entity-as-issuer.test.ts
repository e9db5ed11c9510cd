import { keyUsage } from '../../src/demo/certificate-extensions.ts';
import { CertificateError, ConfigurationError } from '../../src/errors.ts';
import { createTestAuthority, issueTestCard } from '../support/authority.ts';
import { anchorOf, findPath, parse } from '../support/path.ts';
import { expectRefusal } from '../support/refusal.ts';

const { root, issuing } = createTestAuthority();
const card = issueTestCard(issuing);
/** The card as if it were a CA. */
const asCa = { name: Buffer.from(parse(card).subject.der), keys: card.keys, certificate: card.certificate };

describe('S18: an end-entity certificate in the place of a CA', () => {
  it('is refused as a trust anchor when it is loaded', async () => {
    await expectRefusal(() => anchorOf(card), ConfigurationError, 'TRUST_ANCHOR_NOT_CA');
  });

  it('is refused as an issuer', async () => {
    const step = () => findPath([issueTestCard(asCa), card, issuing, root]);
    await expectRefusal(step, CertificateError, 'CERT_NOT_CA');
  });

  it('is refused as an issuer even when its key usage allows it', async () => {
    const bold = issueTestCard(issuing, { keys: card.keys, extensions: { keyUsage: keyUsage(['keyCertSign']) } });
    const step = () => findPath([issueTestCard(asCa), bold, issuing, root], { strict: false });
    await expectRefusal(step, CertificateError, 'CERT_NOT_CA');
  });
});
