/**
 * Where the revocation status of one document comes from, through every change of its configuration and of the trust
 * list: what is held and what is unchanged stays.
 */
import type { ValidatedPath } from '../pki/path-validation.ts';
import type { RevocationEvidence, RevocationSource } from '../pki/revocation.ts';
import { allPolicies, DEFAULT_POLICIES, type RevocationPolicies } from '../pki/revocation-policy.ts';
import { CrlDistributionPoints, type DistributionPointsSubject } from './crl-distribution-points.ts';
import { type CrlLocationState, CrlSource, type CrlSourceOptions, type CrlSubject } from './crl-source.ts';
import { gatherEvidence } from './gather-evidence.ts';
import type { OcspAnswerStore } from './ocsp-answers.ts';
import { OcspSource } from './ocsp-source.ts';

/** As the configuration has it for one document. */
export interface RevocationSubject extends Omit<CrlSubject, 'locations' | 'crlIssuers'> {
  readonly crls: readonly string[];
  /** By issuing CA. Absent: by CRLs alone. */
  readonly revocationPolicies?: RevocationPolicies | undefined;
}

export interface DocumentRevocationOptions extends Omit<CrlSourceOptions, keyof CrlSubject> {
  /** OCSP answers that all processes share. */
  readonly answers?: OcspAnswerStore | undefined;
}

/** The state of one source, for health. */
export interface RevocationState extends CrlLocationState {
  /** True for one that is asked when a sign-in needs it: its failure may be over. */
  readonly isAskedOnDemand?: boolean;
}

export class DocumentRevocation implements RevocationSource {
  #policies: RevocationPolicies;
  readonly #crls: CrlSource;
  readonly #points: CrlDistributionPoints;
  readonly #ocsp: OcspSource;

  constructor(subject: RevocationSubject, options: DocumentRevocationOptions) {
    const { clock, skewSeconds, fetch, report, refreshIntervalSeconds, answers } = options;
    const parts = partsOf(subject);
    this.#policies = parts.policies;
    this.#crls = new CrlSource({ ...options, ...parts });
    this.#points = new CrlDistributionPoints(parts, { clock, fetch, report, refreshIntervalSeconds });
    this.#ocsp = new OcspSource({
      ...hostsOf(subject),
      clock,
      skewSeconds,
      fetch,
      answers,
      report: report && ((failure) => report({ ...failure, outcome: 'failed' })),
    });
  }

  evidenceFor(path: ValidatedPath, at: Date): Promise<RevocationEvidence> {
    return gatherEvidence(path, at, {
      policies: this.#policies,
      crls: [this.#crls, this.#points],
      ocsp: this.#ocsp,
    });
  }

  adapt(subject: RevocationSubject): void {
    const parts = partsOf(subject);
    if (parts.policies !== this.#policies) this.#ocsp.forget();
    this.#policies = parts.policies;
    this.#crls.adapt(parts);
    this.#points.adapt(parts);
    this.#ocsp.adapt(hostsOf(subject));
  }

  lookAtFiles(): Promise<void> {
    return this.#crls.lookAtFiles();
  }

  refresh(): Promise<void> {
    return this.#crls.refresh();
  }

  get states(): readonly RevocationState[] {
    return [...this.#crls.states, ...this.#points.states, ...this.#ocsp.states];
  }

  /** In force or ended; by the key of the CA. */
  get exceptions(): readonly { readonly subject: string; readonly until: Date }[] {
    return [...this.#policies.byIssuerKey].flatMap(([subject, { exception }]) =>
      exception === undefined ? [] : [{ subject, until: exception.until }],
    );
  }

  close(): void {
    this.#crls.close();
    this.#points.close();
    this.#ocsp.close();
  }
}

function partsOf(subject: RevocationSubject): CrlSubject & DistributionPointsSubject {
  const { anchors, intermediates, crls: locations, revocationPolicies: policies = DEFAULT_POLICIES } = subject;
  const crlIssuers = allPolicies(policies).flatMap((policy) => policy.crlIssuers);
  return { ...hostsOf(subject), anchors, intermediates, locations, policies, crlIssuers };
}

function hostsOf({ allowedHosts, privateHosts }: RevocationSubject) {
  return { allowedHosts, privateHosts };
}
