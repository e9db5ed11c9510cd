import { extendedKeyUsage } from '../../src/demo/certificate-extensions.ts';
import { generateKeys } from '../../src/demo/signing.ts';
import { RevocationError } from '../../src/errors.ts';
import { requireGood } from '../../src/pki/revocation.ts';
import { createTestAuthority, issueTestCa, issueTestCard } from '../support/authority.ts';
import { issueTestOcspResponse, issueTestResponder, type OcspChanges, type TestResponder } from '../support/ocsp.ts';
import { expectRefusal } from '../support/refusal.ts';
import { pathOf, statusBy } from '../support/revocation.ts';

const authority = createTestAuthority();
const { root, issuing } = authority;
const card = issueTestCard(issuing);
const path = pathOf(card, authority);
const signIn = (changes: OcspChanges) => () =>
  requireGood(
    statusBy(path, authority, { ocspResponses: [issueTestOcspResponse(issuing, card.serialNumber, changes)] }),
  );
const answeredBy = ({ signer, certificate }: TestResponder): OcspChanges => ({ signer, certificates: [certificate] });
const refused = (changes: OcspChanges, code: RevocationError['code'] = 'OCSP_SIGNATURE_INVALID') =>
  expectRefusal(signIn(changes), RevocationError, code);

describe('S17: an OCSP answer of somebody who may not answer', () => {
  it('is told from that of the issuer and of its delegate', () => {
    signIn({})();
    signIn(answeredBy(issueTestResponder(issuing)))();
  });
  it('signed by a stranger under the name of the issuer: refuse', () => {
    const { privateKey, publicKey } = generateKeys();
    return refused({ signer: { name: issuing.name, key: privateKey, publicKey } });
  });
  it('signed by a stranger whose CA nobody knows: refuse', () =>
    refused(answeredBy(issueTestResponder(createTestAuthority().issuing))));
  it('signed by a delegate without OCSPSigning: refuse', () =>
    refused(
      answeredBy(issueTestResponder(issuing, { extensions: { extendedKeyUsage: extendedKeyUsage(['clientAuth']) } })),
    ));
  it('signed by the card itself: refuse', () => {
    const parsed = {
      signer: {
        name: path.certificates[0]?.subject.der ?? Buffer.alloc(0),
        key: card.keys.privateKey,
        publicKey: card.keys.publicKey,
      },
    };
    return refused({ ...parsed, certificates: [card.certificate] });
  });
  it("signed by a sibling CA's delegate, under the same root: refuse", () => {
    const sibling = issueTestCa(root, {
      subject: [
        { type: 'countryName', value: 'MA' },
        { type: 'commonName', value: 'Sibling' },
      ],
    });
    return refused(answeredBy(issueTestResponder(sibling)));
  });
  it("signed by the root's delegate: refuse", () => refused(answeredBy(issueTestResponder(root))));
  it('about another serial number: refuse', () =>
    refused({ serialNumber: Buffer.of(0x42) }, 'OCSP_CERTIFICATE_MISMATCH'));
});
