/**
 * Path validation with all rules: anchor, issuing CA and card; the card's certificate is parsed each time, those of the
 * CAs once, as in the service. Ours against the engine of pkijs, with the same certificates, time and policies.
 */
import { webcrypto } from 'node:crypto';
import { Certificate, CertificateChainValidationEngine, CryptoEngine, setEngine } from 'pkijs';
import { AUTHENTICATION_POLICY } from '../src/demo/card-catalogue.ts';
import type { KeyType } from '../src/demo/signing.ts';
import { parseCertificate } from '../src/pki/certificate.ts';
import { findValidPath } from '../src/pki/path-validation.ts';
import { createTrustAnchor } from '../src/pki/trust-anchor.ts';
import { type BenchAuthority, createBenchAuthority } from './authority.ts';
import { type Bench, type Comparison, compare, type Pace, takeTurns, timeEach } from './measure.ts';

export const bench: Bench = {
  title: 'certification path validation, RFC 5280 6.1, against pkijs',
  async run(pace) {
    setEngine('node', new CryptoEngine({ name: 'node', crypto: webcrypto }));
    return [
      await compareWith('P-384', 'path-p384', 0.25, pace),
      await compareWith('RSA-2048', 'path-rsa', 0.125, pace),
    ];
  },
};

async function compareWith(keyType: KeyType, name: string, goal: number, pace: Pace): Promise<Comparison> {
  const at = new Date();
  // More cards than verified signatures are remembered: each is new when its turn comes again.
  const authority = createBenchAuthority(keyType, pace.quick ? 2 : 1_200, at);
  const ours = ourValidation(authority, at);
  const other = pkijsValidation(authority, at);
  const measured = await compare(
    () => timeEach(ours, pace),
    () => timeEach(other, pace),
    pace,
  );
  return { name, unit: 'ms', goal, ...measured };
}

function ourValidation({ root, issuing, cards }: BenchAuthority, at: Date): (turn: number) => void {
  const anchors = [createTrustAnchor(parseCertificate(root.certificate))];
  const intermediates = [parseCertificate(issuing.certificate)];
  return (turn) => {
    const path = findValidPath(parseCertificate(takeTurns(cards, turn)), {
      anchors,
      intermediates,
      at,
      purpose: 'clientAuth',
      initialPolicySet: [AUTHENTICATION_POLICY],
      requireExplicitPolicy: true,
    });
    if (path.certificates.length !== 2) throw new Error('not the path that was to be measured');
  };
}

function pkijsValidation({ root, issuing, cards }: BenchAuthority, at: Date): (turn: number) => Promise<void> {
  const trustedCerts = [Certificate.fromBER(root.certificate)];
  const issuer = Certificate.fromBER(issuing.certificate);
  return async (turn) => {
    const engine = new CertificateChainValidationEngine({
      trustedCerts,
      certs: [issuer, Certificate.fromBER(takeTurns(cards, turn))],
      checkDate: at,
    });
    const { result, resultMessage } = await engine.verify({
      initialPolicySet: [AUTHENTICATION_POLICY],
      initialExplicitPolicy: true,
    });
    if (!result) throw new Error(`pkijs refuses the path: ${resultMessage}`);
  };
}
