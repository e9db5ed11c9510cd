/**
 * Whose key may sign a CRL for a certificate (RFC 5280 6.3.3 (f), (g)): the name alone is not enough (S8).
 */
import { CertificateError } from '../errors.ts';
import type { AlgorithmPolicy } from './algorithms.ts';
import type { Certificate, KeyUsageBit } from './certificate.ts';
import type { Crl } from './crl.ts';
import { type CrlAnswer, processCrls } from './crl-processing.ts';
import { equalNames, type Name } from './name.ts';
import { findValidPath } from './path-validation.ts';
import type { PublicKey } from './public-key.ts';
import type { TrustAnchor } from './trust-anchor.ts';

/** Who may have signed, by name and key; a certificate is one. */
export interface Authority {
  readonly subject: Name;
  readonly publicKey: PublicKey;
  /** Undefined: any use. */
  readonly keyUsage: ReadonlySet<KeyUsageBit> | undefined;
}

/**
 * True when one of the authorities has the name of the CRL issuer, may sign CRLs and signed this one.
 *
 * The authorities are those above the certificate on its validated path: the CA that issued it and, after a key
 * rollover, the same CA under another key. A CA of the same name elsewhere is none of them.
 */
export function isSignedByAuthority(crl: Crl, authorities: readonly Authority[], algorithms: AlgorithmPolicy): boolean {
  return authorities.some(
    ({ subject, publicKey, keyUsage }) =>
      equalNames(subject, crl.issuer) &&
      (keyUsage === undefined || keyUsage.has('cRLSign')) &&
      crl.isSignedBy(publicKey, algorithms),
  );
}

/** The certificates above `depth` on a path, and its anchor. */
export function authoritiesAbove(
  certificates: readonly Certificate[],
  depth: number,
  anchor: TrustAnchor,
): readonly Authority[] {
  return [...certificates.slice(depth + 1), anchor.certificate];
}

export interface CrlStatusOptions {
  readonly at: Date;
  readonly maxAgeSeconds: number | undefined;
  readonly skewSeconds: number;
  readonly algorithms: AlgorithmPolicy;
  readonly strict: boolean;
  /** As for `processCrls`: an issuer off the path counts as of its CRL, and one whose own status cannot be had counts too. */
  readonly isAgeIgnored?: boolean;
}

/** Longest row of CRL issuers of which each is needed for the status of the one before. */
const MOST_NESTED_ISSUERS = 3;
/** Signatures of CRLs tried with the keys of issuers off the path, and paths searched for such issuers, for one certificate. */
const MOST_SIGNATURES = 512;
const MOST_SEARCHES = 64;

/**
 * The CRL status of the certificates under one trust anchor, for one decision. A CRL may also be signed by an authority
 * that is not on the path of the certificate: then its own certificate has a valid path to the same trust anchor (f),
 * all of which is good by the same CRLs.
 */
export class CrlStatuses {
  readonly #anchor: TrustAnchor;
  readonly #crls: readonly Crl[];
  readonly #pool: readonly Certificate[];
  readonly #options: CrlStatusOptions;
  /** Verdicts on CRL issuers off the path, by certificate and time. */
  readonly #verdicts = new Map<string, boolean>();
  /** CRL issuers whose own status is being decided. */
  readonly #pending = new Set<string>();
  /** CRLs and issuers off the path whose keys were tried. */
  readonly #tried = new Set<string>();
  #searches = 0;

  /** @param pool certificates of CRL issuers and of the CAs above them; nothing is believed of them */
  constructor(anchor: TrustAnchor, crls: readonly Crl[], pool: readonly Certificate[], options: CrlStatusOptions) {
    this.#anchor = anchor;
    this.#crls = crls;
    this.#pool = pool;
    this.#options = options;
  }

  statusOf(certificate: Certificate, authorities: readonly Authority[]): CrlAnswer {
    const { algorithms, ...times } = this.#options;
    return processCrls(certificate, this.#crls, {
      ...times,
      isSignedByCrlIssuer: (crl, delegated) =>
        isSignedByAuthority(crl, authorities, algorithms) || this.#isSignedByOther(crl, certificate, delegated),
    });
  }

  #isSignedByOther(crl: Crl, certificate: Certificate, delegated: boolean): boolean {
    return this.#pool.some((issuer) => {
      // Off the path, the right to sign CRLs is not presumed.
      if (!equalNames(issuer.subject, crl.issuer) || issuer.keyUsage?.has('cRLSign') !== true) return false;
      this.#tried.add(`${crl.sha256}${issuer.publicKey.keySha256}`);
      if (this.#tried.size > MOST_SIGNATURES) return false;
      if (!crl.isSignedBy(issuer.publicKey, this.#options.algorithms)) return false;
      // A CRL about its own issuer counts only where the CA says so, by naming it in the cRLIssuer of that certificate.
      if (issuer.sha256 === certificate.sha256) return delegated;
      return this.#isGoodIssuer(issuer, crl);
    });
  }

  #isGoodIssuer(issuer: Certificate, { thisUpdate }: Crl): boolean {
    const at = this.#options.isAgeIgnored ? thisUpdate : this.#options.at;
    const question = `${issuer.sha256} ${at.getTime()}`;
    const known = this.#verdicts.get(question);
    if (known !== undefined) return known;
    // Two issuers that vouch for each other are vouched for by nobody.
    if (this.#pending.has(issuer.sha256) || this.#pending.size >= MOST_NESTED_ISSUERS) return false;
    this.#searches += 1;
    if (this.#searches > MOST_SEARCHES) return false;
    this.#pending.add(issuer.sha256);
    const verdict = this.#hasGoodPath(issuer, at);
    this.#pending.delete(issuer.sha256);
    // What was found while another issuer was pending may be for that reason alone.
    if (verdict || this.#pending.size === 0) this.#verdicts.set(question, verdict);
    return verdict;
  }

  #hasGoodPath(issuer: Certificate, at: Date): boolean {
    const { algorithms, strict, isAgeIgnored } = this.#options;
    try {
      const { certificates, anchor } = findValidPath(issuer, {
        intermediates: this.#pool,
        anchors: [this.#anchor],
        at,
        purpose: 'any',
        algorithms,
        strict,
      });
      return certificates.every((certificate, depth) => {
        const { status } = this.statusOf(certificate, authoritiesAbove(certificates, depth, anchor));
        return status === 'good' || (isAgeIgnored === true && status === 'unknown');
      });
    } catch (error) {
      if (error instanceof CertificateError) return false;
      throw error;
    }
  }
}
