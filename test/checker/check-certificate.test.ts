import { sign } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { expect } from 'chai';
import { checkCertificate } from '../../src/checker/check-certificate.ts';
import { answerLines } from '../../src/checker/ndjson.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { bitString, sequence } from '../../src/pki/der-writer.ts';
import { AT, createTestAuthority, issueTestCard, issueTestCrl } from '../support/authority.ts';

const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64');

describe('check certificate', () => {
  const { root, issuing } = createTestAuthority();
  const card = issueTestCard(issuing);
  const crls = [issueTestCrl(root), issueTestCrl(issuing)].map(base64);
  const request = (changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
    id: 'a',
    certificates: [base64(card.certificate), base64(issuing.certificate)],
    anchors: [base64(root.certificate)],
    crls,
    at: AT.toISOString(),
    purpose: 'clientAuth',
    revocation: 'required',
    ...changes,
  });

  it('accepts a card whose path is valid and whose status is good', () => {
    expect(checkCertificate(request())).to.deep.include({ id: 'a', verdict: 'valid', revocation: 'good' });
  });

  it('says not-checked when revocation is off', () => {
    expect(checkCertificate(request({ revocation: 'off', crls: undefined }))).to.include({
      verdict: 'valid',
      revocation: 'not-checked',
    });
  });

  it('refuses with a code, and unknown, when revocation is required and nothing is known', () => {
    const answer = checkCertificate(request({ crls: [] }));
    expect(answer).to.include({ verdict: 'invalid', revocation: 'unknown', code: 'REVOCATION_UNKNOWN' });
  });

  it('tells revoked and on hold from unknown', () => {
    for (const [reason, code] of [
      ['keyCompromise', 'CERT_REVOKED'],
      ['certificateHold', 'CERT_ON_HOLD'],
    ] as const) {
      const revoking = base64(issueTestCrl(issuing, { revoked: [{ serialNumber: card.serialNumber, reason }] }));
      expect(checkCertificate(request({ crls: [crls[0], revoking] }))).to.include({
        verdict: 'invalid',
        revocation: 'revoked',
        code,
      });
    }
  });

  it('names the clause of the rule that failed', () => {
    expect(checkCertificate(request({ at: '2090-01-01T00:00:00Z' }))).to.include({
      verdict: 'invalid',
      code: 'CERT_EXPIRED',
      clause: '6.1.3 (a)(2)',
      revocation: 'not-checked',
    });
  });

  it('needs the CA in between, in any order, and is not misled by what is malformed', () => {
    const [leaf, ca] = request().certificates as string[];
    expect(checkCertificate(request({ certificates: [leaf] }))).to.include({ code: 'CERT_ISSUER_UNKNOWN' });
    expect(checkCertificate(request({ certificates: [leaf, 'AAAA', ca] }))).to.include({ verdict: 'valid' });
  });

  it('refuses a leaf as trust anchor (S18), and says so', () => {
    expect(checkCertificate(request({ anchors: [base64(card.certificate)] }))).to.include({
      verdict: 'invalid',
      code: 'TRUST_ANCHOR_NOT_CA',
    });
  });

  it('takes an anchor as a name and a key when told', () => {
    expect(
      checkCertificate(request({ anchors: [base64(issuing.certificate)], anchorAs: 'key', crls: [crls[1]] })),
    ).to.include({ verdict: 'valid' });
  });

  it('holds the path to the policies of the request', () => {
    const policy = { initialPolicySet: ['2.999.1'], requireExplicitPolicy: true };
    expect(checkCertificate(request({ policy }))).to.include({ verdict: 'invalid', code: 'CERT_POLICY_REFUSED' });
  });

  for (const [what, value, id] of [
    ['no object', 'text', null],
    ['a line that is no JSON', undefined, null],
    ['no certificates', request({ certificates: [] }), 'a'],
    ['a time that is none', request({ at: 'today' }), 'a'],
    ['a certificate that is not base64', request({ certificates: ['%'] }), 'a'],
    ['a member that does not exist', request({ extra: 1 }), 'a'],
    ['a purpose that does not exist', request({ purpose: 'mail' }), 'a'],
  ] as const) {
    it(`answers ${what} with REQUEST_MALFORMED and the id`, () => {
      expect(checkCertificate(value)).to.include({
        id,
        verdict: 'invalid',
        code: 'REQUEST_MALFORMED',
        revocation: 'not-checked',
      });
    });
  }

  it('refuses a key that is no point of its curve, although nothing on the path is verified with it', () => {
    const { tbsCertificate, publicKey, signatureAlgorithm } = parseCertificate(card.certificate);
    const changed = Buffer.from(tbsCertificate);
    const last = changed.indexOf(publicKey.subjectPublicKey) + publicKey.subjectPublicKey.length - 1;
    changed[last] = (changed[last] ?? 0) ^ 1;
    const signature = bitString(sign('sha256', changed, issuing.keys.privateKey));
    const pointless = sequence(changed, signatureAlgorithm.der, signature);
    const certificates = [pointless, issuing.certificate].map(base64);
    expect(checkCertificate(request({ certificates }))).to.include({
      verdict: 'invalid',
      code: 'CERT_ALGORITHM_REFUSED',
      clause: '6.1.4 (d)',
    });
  });

  it('answers a certificate that is malformed with CERT_MALFORMED', () => {
    expect(checkCertificate(request({ certificates: ['MAA='] }))).to.include({
      verdict: 'invalid',
      code: 'CERT_MALFORMED',
    });
  });

  it('answers one line with one line, in order, and goes on after a bad one', async () => {
    const lines = [JSON.stringify(request({ id: 1 })), '{', '', JSON.stringify(request({ id: 2, anchors: [] }))];
    const output = new PassThrough();
    await answerLines(Readable.from([`${lines.join('\r\n')}\n`]), output, checkCertificate);
    const answers = output
      .read()
      .toString('utf8')
      .trim()
      .split('\n')
      .map((line: string) => JSON.parse(line));
    expect(answers.map(({ id, verdict }: { id: unknown; verdict: string }) => [id, verdict])).to.deep.equal([
      [1, 'valid'],
      [null, 'invalid'],
      [2, 'invalid'],
    ]);
  });
});
