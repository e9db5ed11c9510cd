/**
 * CRLs from the distribution points of a validated path (RFC 5280 4.2.1.13), where the policy of the issuing CA says so
 * and the host is allowed: what a certificate names is a mere proposal (S9).
 *
 * A place is asked when a sign-in needs it, and again within the refresh interval: in its second half beside a sign-in, at
 * its end before one goes on. A CRL that is held counts on while its place is down, until it ends.
 */
import type { Certificate } from '../pki/certificate.ts';
import { authoritiesAbove } from '../pki/crl-issuer.ts';
import type { ValidatedPath } from '../pki/path-validation.ts';
import { DEFAULT_SKEW_SECONDS, NO_EVIDENCE, type RevocationEvidence } from '../pki/revocation.ts';
import { policyOf, type RevocationPolicies } from '../pki/revocation-policy.ts';
import { CrlAddress, type CrlRenewal } from './crl-location.ts';
import type { CrlLocationState, CrlSubject } from './crl-source.ts';
import { createGuardedFetch, type GuardedFetch, isAllowedAddress } from './guarded-fetch.ts';
import { originOf } from './ocsp-question.ts';

export interface DistributionPointsSubject extends Omit<CrlSubject, 'locations'> {
  readonly policies: RevocationPolicies;
}

export interface DistributionPointsOptions {
  readonly clock: () => Date;
  /** Default 300. */
  readonly refreshIntervalSeconds?: number | undefined;
  readonly report?: ((renewal: CrlRenewal) => void) | undefined;
  /** For tests. */
  readonly fetch?: GuardedFetch | undefined;
}

/** A citizen waits for it. */
const TIMEOUT_SECONDS = 10;
const LARGEST_CRL_OCTETS = 64 * 1024 * 1024;
/** A CA may divide its CRL, and not into one for each card. */
const MOST_PLACES = 64;
/** After a failure a sign-in need not wait for the next one. */
const PAUSE_AFTER_FAILURE_SECONDS = 10;

interface Place {
  readonly crl: CrlAddress;
  /** When the last attempt ended. */
  triedAt?: number;
  renewing?: Promise<void>;
}

export class CrlDistributionPoints {
  readonly #options: DistributionPointsOptions;
  #subject: DistributionPointsSubject;
  readonly #places = new Map<string, Place>();
  readonly #closing = new AbortController();

  constructor(subject: DistributionPointsSubject, options: DistributionPointsOptions) {
    this.#subject = subject;
    this.#options = options;
  }

  /** From now on for these issuers, by these policies, at these hosts. What is held stays, and is judged at each decision. */
  adapt(subject: DistributionPointsSubject): void {
    this.#subject = subject;
    for (const place of this.#places.values()) if (place.crl.held === undefined) delete place.triedAt;
  }

  /** Never throws for what it cannot get. */
  async evidenceFor(path: ValidatedPath, at: Date): Promise<RevocationEvidence> {
    const addresses = this.#addressesOf(path);
    if (addresses.length === 0) return NO_EVIDENCE;
    const refused = addresses.filter((address) => !isAllowedAddress(address, this.#subject));
    const places = addresses.filter((address) => !refused.includes(address)).map((address) => this.#placeOf(address));
    await Promise.all(places.map((place) => this.#renew(place, at)));
    return {
      crls: places.flatMap(({ crl: { held } }) => held ?? []),
      ocspResponses: [],
      certificates: this.#issuers,
      failures: [
        ...places.flatMap(({ crl: { source, failure } }) => (failure === undefined ? [] : [{ source, code: failure }])),
        ...refused.map((address) => ({ source: originOf(address), code: 'REVOCATION_UNAVAILABLE' }) as const),
      ],
    };
  }

  get states(): readonly (CrlLocationState & { readonly isAskedOnDemand: true })[] {
    return [...this.#places.values()].map(({ crl: { source, held, failure } }) => ({
      source,
      isAskedOnDemand: true,
      ...(held && { entries: held.count, thisUpdate: held.thisUpdate }),
      ...(held?.nextUpdate && { nextUpdate: held.nextUpdate }),
      ...(failure !== undefined && { failure }),
    }));
  }

  /** Ends requests and workers. */
  close(): void {
    this.#closing.abort();
  }

  get #issuers(): readonly Certificate[] {
    const { anchors, intermediates, crlIssuers = [] } = this.#subject;
    return [...anchors.map(({ certificate }) => certificate), ...intermediates, ...crlIssuers];
  }

  #addressesOf({ certificates, anchor }: ValidatedPath): readonly string[] {
    const { policies } = this.#subject;
    const named = certificates.flatMap((certificate, depth) => {
      const [issuer] = authoritiesAbove(certificates, depth, anchor);
      if (issuer === undefined || !policyOf(policies, issuer).crlFromCertificate) return [];
      return certificate.cRLDistributionPoints ?? [];
    });
    const names = named.flatMap(({ distributionPoint }) => distributionPoint?.fullName ?? []);
    const addresses = names.flatMap((name) => (name.kind === 'uniformResourceIdentifier' ? [name.value] : []));
    return [...new Set(addresses)];
  }

  #placeOf(address: string): Place {
    const known = this.#places.get(address);
    // The one that was not needed for the longest time goes first; a Map keeps the order of insertion.
    this.#places.delete(address);
    const [oldest] = this.#places.size >= MOST_PLACES ? this.#places.keys() : [];
    if (oldest !== undefined) this.#places.delete(oldest);
    const place = known ?? { crl: this.#open(address) };
    this.#places.set(address, place);
    return place;
  }

  #open(address: string): CrlAddress {
    const { clock, report = () => undefined } = this.#options;
    const issuers = (): readonly Certificate[] => this.#issuers;
    const fetch: GuardedFetch = (...request) => {
      const { allowedHosts, privateHosts } = this.#subject;
      const limits = { timeoutMilliseconds: TIMEOUT_SECONDS * 1000, maximumOctets: LARGEST_CRL_OCTETS };
      return (this.#options.fetch ?? createGuardedFetch({ allowedHosts, privateHosts, ...limits }))(...request);
    };
    return new CrlAddress(address, fetch, {
      expected: {
        source: originOf(address),
        // Those of the moment, as in `CrlSource`.
        get issuers() {
          return issuers();
        },
        algorithms: 'default',
        maximumOctets: LARGEST_CRL_OCTETS,
      },
      clock,
      skewSeconds: DEFAULT_SKEW_SECONDS,
      signal: this.#closing.signal,
      report,
    });
  }

  async #renew(place: Place, at: Date): Promise<void> {
    const { clock, refreshIntervalSeconds = 300 } = this.#options;
    const { crl, triedAt = Number.NEGATIVE_INFINITY } = place;
    const age = (at.getTime() - triedAt) / 1000;
    const isFailing = crl.failure !== undefined;
    const due = isFailing ? Math.min(refreshIntervalSeconds, PAUSE_AFTER_FAILURE_SECONDS) : refreshIntervalSeconds;
    if (age < due / 2) return;
    place.renewing ??= crl.refresh().finally(() => {
      delete place.renewing;
      place.triedAt = clock().getTime();
    });
    if (!crl.isCurrentAt(at) || (age >= due && !isFailing)) await place.renewing;
  }
}
