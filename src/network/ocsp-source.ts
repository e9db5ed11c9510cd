/**
 * Asks the OCSP responders that the configuration allows, as a source of revocation evidence beside the CRLs.
 *
 * An answer is accepted with the nonce of its request before it is kept, and kept until its nextUpdate or for the
 * maximum age, whichever is sooner. Of any number of parallel sign-ins with one card, one asks and all get the answer.
 * What cannot be had is a failure among the evidence: the decision then rests on the CRLs, or is unknown.
 */
import { randomBytes } from 'node:crypto';
import { type RevocationCode, RevocationError, ServiceError } from '../errors.ts';
import type { AlgorithmPolicy } from '../pki/algorithms.ts';
import type { Certificate } from '../pki/certificate.ts';
import { type Authority, authoritiesAbove } from '../pki/crl-issuer.ts';
import { acceptOcspResponse } from '../pki/ocsp.ts';
import { encodeOcspRequest } from '../pki/ocsp-request.ts';
import { type OcspResponse, parseOcspResponse } from '../pki/ocsp-response.ts';
import type { ValidatedPath } from '../pki/path-validation.ts';
import {
  DEFAULT_SKEW_SECONDS,
  type RevocationEvidence,
  type RevocationFailure,
  type RevocationSource,
} from '../pki/revocation.ts';
import { createGuardedFetch, type GuardedFetch } from './guarded-fetch.ts';

/** id-ad-ocsp (RFC 5280 4.2.2.1) */
const ID_AD_OCSP = '1.3.6.1.5.5.7.48.1';

export interface OcspSourceOptions {
  /** Where the CRLs come from; asked as well, because a delegate's own status may stand in one. */
  readonly crls: RevocationSource;
  /** The responder for every certificate of the end entity's issuer; without it, the one that the certificate names. */
  readonly responder?: string | undefined;
  /** Hosts that responders may have, as `FetchRules` describes them: what a certificate names is a mere proposal. */
  readonly allowedHosts: readonly string[];
  readonly privateHosts: readonly string[];
  readonly clock: () => Date;
  /** Default 5. */
  readonly timeoutSeconds?: number | undefined;
  /** Of an answer without nextUpdate, and at most of any other. Default 3600. */
  readonly maxAgeSeconds?: number | undefined;
  /** As for the decision. */
  readonly skewSeconds?: number | undefined;
  readonly algorithms?: AlgorithmPolicy | undefined;
  readonly pinnedResponders?: readonly Certificate[] | undefined;
  /** False for a responder that answers in advance and so without nonces (RFC 5019). Default true. */
  readonly nonce?: boolean | undefined;
  /** For tests. */
  readonly fetch?: GuardedFetch | undefined;
}

interface KeptAnswer {
  readonly response: OcspResponse;
  readonly until: number;
}

const LARGEST_RESPONSE_OCTETS = 256 * 1024;
const MOST_KEPT_ANSWERS = 100_000;
const NONCE_OCTETS = 32;

/** Asks about the end entity; CAs are few, and their CRLs small. */
export function createOcspSource(options: OcspSourceOptions): RevocationSource {
  return new OcspSource(options);
}

class OcspSource implements RevocationSource {
  readonly #options: OcspSourceOptions;
  readonly #fetch: GuardedFetch;
  readonly #kept = new Map<string, KeptAnswer>();
  readonly #asking = new Map<string, Promise<OcspResponse>>();

  constructor(options: OcspSourceOptions) {
    this.#options = options;
    this.#fetch =
      options.fetch ??
      createGuardedFetch({
        allowedHosts: options.allowedHosts,
        privateHosts: options.privateHosts,
        timeoutMilliseconds: (options.timeoutSeconds ?? 5) * 1000,
        maximumOctets: LARGEST_RESPONSE_OCTETS,
        maximumRedirects: 0,
      });
  }

  async evidenceFor(path: ValidatedPath, at: Date): Promise<RevocationEvidence> {
    const [evidence, asked] = await Promise.all([this.#options.crls.evidenceFor(path, at), this.#ask(path, at)]);
    return {
      ...evidence,
      ocspResponses: [...evidence.ocspResponses, ...asked.responses],
      failures: [...asked.failures, ...evidence.failures],
    };
  }

  async #ask(
    path: ValidatedPath,
    at: Date,
  ): Promise<{ readonly responses: readonly OcspResponse[]; readonly failures: readonly RevocationFailure[] }> {
    const [certificate] = path.certificates;
    const [issuer] = authoritiesAbove(path.certificates, 0, path.anchor);
    const address = certificate && (this.#options.responder ?? responderOf(certificate));
    if (certificate === undefined || issuer === undefined || address === undefined)
      return { responses: [], failures: [] };
    const key = `${certificate.sha256} ${issuer.publicKey.keySha256}`;
    try {
      const kept = this.#kept.get(key);
      if (kept !== undefined && at.getTime() < kept.until) return { responses: [kept.response], failures: [] };
      const asking = this.#asking.get(key) ?? this.#start(key, certificate, issuer, address);
      return { responses: [await asking], failures: [] };
    } catch (error) {
      return { responses: [], failures: [{ source: address, code: codeOf(error) }] };
    }
  }

  #start(key: string, certificate: Certificate, issuer: Authority, address: string): Promise<OcspResponse> {
    const asking = this.#request(key, certificate, issuer, address).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #request(key: string, certificate: Certificate, issuer: Authority, address: string): Promise<OcspResponse> {
    const nonce = (this.#options.nonce ?? true) ? randomBytes(NONCE_OCTETS) : undefined;
    const { body } = await this.#fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/ocsp-request', accept: 'application/ocsp-response' },
      body: encodeOcspRequest(certificate, issuer, nonce),
    });
    const response = parseOcspResponse(body, address);
    this.#keep(key, response, this.#validUntil(response, certificate, issuer, nonce));
    return response;
  }

  /**
   * Accepts the answer as far as it can be without the CRLs, which the decision then adds for the delegate.
   * @throws RevocationError with the code of what is wrong with it
   */
  #validUntil(
    response: OcspResponse,
    certificate: Certificate,
    issuer: Authority,
    nonce: Uint8Array | undefined,
  ): number {
    const {
      clock,
      algorithms = 'default',
      skewSeconds = DEFAULT_SKEW_SECONDS,
      maxAgeSeconds = 3600,
      pinnedResponders = [],
    } = this.#options;
    const answer = acceptOcspResponse(response, certificate, issuer, {
      at: clock(),
      maxAgeSeconds,
      skewSeconds,
      algorithms,
      nonce,
      pinnedResponders,
      statusOfDelegate: () => 'good',
    });
    if (answer.status === 'unknown') {
      // That the issuer does not know the certificate is evidence, and may change at any time.
      if (answer.answered) return Number.NEGATIVE_INFINITY;
      throw new RevocationError(answer.code, 'the OCSP response is not accepted', {
        detail: { clause: answer.clause },
      });
    }
    const { thisUpdate, nextUpdate } = answer.single;
    return Math.min(nextUpdate?.getTime() ?? Number.POSITIVE_INFINITY, thisUpdate.getTime() + maxAgeSeconds * 1000);
  }

  #keep(key: string, response: OcspResponse, until: number): void {
    // The oldest goes first; a Map keeps the order of insertion.
    const [oldest] = this.#kept.size >= MOST_KEPT_ANSWERS ? this.#kept.keys() : [];
    if (oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.delete(key);
    this.#kept.set(key, { response, until });
  }
}

function responderOf({ authorityInfoAccess }: Certificate): string | undefined {
  for (const { accessMethod, accessLocation } of authorityInfoAccess ?? []) {
    if (accessMethod === ID_AD_OCSP && accessLocation.kind === 'uniformResourceIdentifier') return accessLocation.value;
  }
  return undefined;
}

function codeOf(error: unknown): RevocationCode {
  if (error instanceof RevocationError) return error.code;
  if (error instanceof ServiceError) return 'REVOCATION_UNAVAILABLE';
  throw error;
}
