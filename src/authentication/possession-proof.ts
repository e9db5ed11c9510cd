/**
 * The stage between a valid path and the network: whoever presented the certificate holds its key. It is local and
 * cheap, so it stands before any request that an outsider could otherwise make us send.
 */
import { EvidenceError } from '../errors.ts';
import type { ValidatedPath } from '../pki/path-validation.ts';
import type { CardEvidence } from './card-evidence.ts';

/**
 * The handshake proved the key of the peer's own certificate; the path must be the path of that very certificate, not
 * of another that came with it (S5, CVE-2023-2422).
 * @throws EvidenceError CARD_NOT_PRESENTED
 */
export function provePossession(evidence: CardEvidence, path: ValidatedPath): void {
  if (path.certificates[0]?.sha256 !== evidence.unverifiedCertificate.sha256) {
    throw new EvidenceError(
      'CARD_NOT_PRESENTED',
      'the path is of another certificate than the one whose key was proven',
    );
  }
}
