import { recogniseDocument } from '../../src/authentication/accepted-document.ts';
import { WEB_EID_ALGORITHMS } from '../../src/authentication/card-evidence.ts';
import { provePossession } from '../../src/authentication/possession-proof.ts';
import { evidenceFromWebEid } from '../../src/authentication/web-eid.ts';
import { generateKeys, type KeyType } from '../../src/demo/signing.ts';
import { EvidenceError } from '../../src/errors.ts';
import { acceptedDocument, evidenceOf } from '../support/acceptance.ts';
import { AT, createTestAuthority, issueTestCard, type TestCertificate } from '../support/authority.ts';
import { expectRefusal } from '../support/refusal.ts';
import { NONCE, ORIGIN, type WebEidSigning, webEidSignature, webEidToken } from '../support/web-eid-token.ts';

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

describe('possession of the key, by a Web eID token: a signature over HASH(origin) and HASH(nonce)', () => {
  const KEY_TYPES: Readonly<Record<string, KeyType>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };
  const cards = new Map<KeyType, TestCertificate>();
  const cardFor = (algorithm: string): TestCertificate => {
    const type = KEY_TYPES[algorithm] ?? 'RSA-2048';
    const card = cards.get(type) ?? issueTestCard(authority.issuing, { keys: generateKeys(type) });
    cards.set(type, card);
    return card;
  };
  const prove = (
    algorithm: string,
    signing: WebEidSigning = {},
    expected: { origin?: string; nonce?: string } = {},
  ) => {
    const token = webEidToken(cardFor(algorithm), { algorithm, ...signing });
    const evidence = evidenceFromWebEid(token, { origin: ORIGIN, nonce: NONCE, ...expected });
    provePossession(evidence, recogniseDocument(evidence.unverifiedCertificate, [document], AT).path);
  };
  const refuse = (...parts: Parameters<typeof prove>) =>
    expectRefusal(() => prove(...parts), EvidenceError, 'WEB_EID_SIGNATURE_INVALID');

  for (const algorithm of WEB_EID_ALGORITHMS) {
    it(`${algorithm}: is proven by the key of the card, over this origin and this nonce, and by nothing else`, async () => {
      prove(algorithm);
      await refuse(algorithm, { origin: 'https://evil.example' });
      await refuse(algorithm, { nonce: Buffer.alloc(32, 1).toString('base64') });
      await refuse(algorithm, { key: generateKeys(KEY_TYPES[algorithm] ?? 'RSA-2048').privateKey });
    });
  }

  it('the origin is exactly ours', async () => {
    for (const origin of [
      `${ORIGIN}/`,
      `${ORIGIN}:443`,
      `${ORIGIN}:8443`,
      ORIGIN.replace('https', 'http'),
      ORIGIN.toUpperCase(),
      `${ORIGIN}.`,
      '',
    ]) {
      await refuse('ES256', { origin });
    }
  });

  it('the nonce is hashed as text: what it decodes to is another nonce', () =>
    refuse('ES256', { nonce: Buffer.from(NONCE, 'base64').toString('latin1') }));

  it('nothing can move from the origin into the nonce', () =>
    refuse('ES256', { origin: ORIGIN.slice(0, -1), nonce: ORIGIN.slice(-1) + NONCE }));

  it('the hash of RS256 is not that of RS512, nor PKCS #1 v1.5 PSS', async () => {
    await refuse('RS256', { members: { algorithm: 'RS512' } });
    await refuse('PS256', { members: { algorithm: 'RS256' } });
    await refuse('RS256', { members: { algorithm: 'PS256' } });
  });

  for (const algorithm of Object.keys(KEY_TYPES)) {
    it(`${algorithm}: a DER signature, and one of another length, are refused`, async () => {
      await refuse(algorithm, { ecdsaForm: 'der' });
      const signature = webEidSignature(cardFor(algorithm), { algorithm });
      for (const octets of [
        signature.subarray(1),
        Buffer.concat([signature, Buffer.of(0)]),
        Buffer.concat([Buffer.of(0), signature]),
        Buffer.alloc(signature.length),
        Buffer.alloc(1),
      ]) {
        await refuse(algorithm, { members: { signature: octets.toString('base64') } });
      }
    });
  }
});
