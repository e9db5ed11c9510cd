/**
 * Asks OCSP responders about the certificates of a validated path, by the policy of the issuing CA, at hosts that the
 * configuration allows.
 *
 * An answer is accepted with the nonce of its request before it is kept, and kept until its nextUpdate, its maximum age
 * or the time that the policy sets, whichever is soonest. Of any number of parallel sign-ins with one card, one asks and
 * all get the answer. What cannot be had is a failure among the evidence: the decision then rests on what else there is.
 * A responder from which nothing came is left alone for a while, in which nobody waits for it.
 */
import { randomBytes } from 'node:crypto';
import { type RevocationCode, RevocationError, ServiceError } from '../errors.ts';
import type { Certificate } from '../pki/certificate.ts';
import type { Authority } from '../pki/crl-issuer.ts';
import { acceptOcspResponse } from '../pki/ocsp.ts';
import { encodeOcspRequest } from '../pki/ocsp-request.ts';
import { type OcspResponse, parseOcspResponse } from '../pki/ocsp-response.ts';
import { DEFAULT_SKEW_SECONDS, type RevocationFailure } from '../pki/revocation.ts';
import type { RevocationPolicy } from '../pki/revocation-policy.ts';
import { createGuardedFetch, type FetchRules, type GuardedFetch } from './guarded-fetch.ts';
import { type OcspResponderState, OcspResponders, type ReportFailure } from './ocsp-responders.ts';

/** id-ad-ocsp (RFC 5280 4.2.2.1) */
const ID_AD_OCSP = '1.3.6.1.5.5.7.48.1';

export type AllowedHosts = Pick<FetchRules, 'allowedHosts' | 'privateHosts'>;

export interface OcspSourceOptions extends AllowedHosts {
  readonly clock: () => Date;
  /** As for the decision. */
  readonly skewSeconds?: number | undefined;
  readonly report?: ReportFailure | undefined;
  /** For tests. */
  readonly fetch?: GuardedFetch | undefined;
}

/** One certificate of a validated path: only such a one may cause network traffic (S9). */
export interface OcspQuestion {
  readonly certificate: Certificate;
  /** The authority whose key signed the certificate on that path. */
  readonly issuer: Authority;
  readonly policy: RevocationPolicy;
}

export interface OcspFindings {
  readonly responses: readonly OcspResponse[];
  readonly failures: readonly RevocationFailure[];
}

interface KeptAnswer {
  readonly response: OcspResponse;
  /** Until then nobody asks again. Whether the answer still counts is for the decision. */
  readonly until: number;
}

const LARGEST_RESPONSE_OCTETS = 256 * 1024;
const MOST_KEPT_ANSWERS = 20_000;
const NONCE_OCTETS = 32;

export class OcspSource {
  readonly #options: OcspSourceOptions;
  #hosts: AllowedHosts;
  readonly #kept = new Map<string, KeptAnswer>();
  readonly #asking = new Map<string, Promise<OcspResponse>>();
  readonly #responders: OcspResponders;
  readonly #closing = new AbortController();

  constructor(options: OcspSourceOptions) {
    this.#options = options;
    this.#hosts = options;
    this.#responders = new OcspResponders(options.report);
  }

  /** From now on at these hosts. Whoever changes something wants to see what it does: every pause ends. */
  adapt(hosts: AllowedHosts): void {
    this.#hosts = hosts;
    this.#responders.endPauses();
  }

  /** Forgets every answer: each was accepted by a policy that may have changed. */
  forget(): void {
    this.#kept.clear();
  }

  /** Never throws for what it cannot get. Nothing when no responder is known. */
  async ask(question: OcspQuestion, at: Date): Promise<OcspFindings> {
    const responder = responderFor(question);
    if (responder === undefined) return { responses: [], failures: [] };
    const key = `${question.certificate.sha256} ${question.issuer.publicKey.keySha256}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined && at.getTime() < kept.until) return { responses: [kept.response], failures: [] };
    const failed = (code: RevocationCode): OcspFindings => ({
      responses: kept === undefined ? [] : [kept.response],
      failures: [{ source: responder.name, code }],
    });
    const asking = this.#asking.get(key) ?? this.#start(key, question, responder);
    if (asking === undefined) return failed(this.#responders.failureOf(responder.name) ?? 'REVOCATION_UNAVAILABLE');
    try {
      return { responses: [await asking], failures: [] };
    } catch (error) {
      return failed(codeOf(error));
    }
  }

  get states(): readonly OcspResponderState[] {
    return this.#responders.states;
  }

  /** Ends requests under way. */
  close(): void {
    this.#closing.abort();
  }

  /** @returns undefined while the responder is left alone */
  #start(key: string, question: OcspQuestion, responder: Responder): Promise<OcspResponse> | undefined {
    const { clock } = this.#options;
    const pause = this.#responders.pauseOf(responder.name);
    const admitted = pause.admit(clock());
    if (admitted === undefined) return undefined;
    const asking = this.#request(key, question, responder)
      .then(
        (response) => {
          pause.noteAnswer();
          this.#responders.note(responder.name, undefined);
          return response;
        },
        (error: unknown) => {
          if (isWithoutAnswer(error)) pause.noteFailure(admitted, clock());
          else pause.noteAnswer();
          this.#responders.note(responder.name, codeOf(error), error);
          throw error;
        },
      )
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #request(key: string, question: OcspQuestion, { address, name }: Responder): Promise<OcspResponse> {
    const { certificate, issuer, policy } = question;
    const nonce = policy.ocsp.nonce ? randomBytes(NONCE_OCTETS) : undefined;
    const { body } = await this.#fetchWithin(policy.ocsp.timeoutSeconds)(address, {
      method: 'POST',
      headers: { 'content-type': 'application/ocsp-request', accept: 'application/ocsp-response' },
      body: encodeOcspRequest(certificate, issuer, nonce),
      signal: this.#closing.signal,
    });
    const response = parseOcspResponse(body, name);
    this.#keep(key, response, this.#keepUntil(response, question, nonce));
    return response;
  }

  #fetchWithin(timeoutSeconds: number): GuardedFetch {
    return (
      this.#options.fetch ??
      createGuardedFetch({
        allowedHosts: this.#hosts.allowedHosts,
        privateHosts: this.#hosts.privateHosts,
        timeoutMilliseconds: timeoutSeconds * 1000,
        maximumOctets: LARGEST_RESPONSE_OCTETS,
        maximumRedirects: 0,
      })
    );
  }

  /**
   * Accepts the answer as far as it can be without the CRLs, which the decision then adds for the delegate.
   * @throws RevocationError with the code of what is wrong with it
   */
  #keepUntil(
    response: OcspResponse,
    { certificate, issuer, policy }: OcspQuestion,
    nonce: Uint8Array | undefined,
  ): number {
    const at = this.#options.clock();
    const { maxAgeSeconds, ocsp } = policy;
    const answer = acceptOcspResponse(response, certificate, issuer, {
      at,
      maxAgeSeconds,
      skewSeconds: this.#options.skewSeconds ?? DEFAULT_SKEW_SECONDS,
      algorithms: 'default',
      nonce,
      pinnedResponders: ocsp.pinnedResponders,
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
    return Math.min(
      nextUpdate?.getTime() ?? Number.POSITIVE_INFINITY,
      thisUpdate.getTime() + (maxAgeSeconds ?? Number.POSITIVE_INFINITY) * 1000,
      at.getTime() + (ocsp.keepSeconds ?? Number.POSITIVE_INFINITY) * 1000,
    );
  }

  #keep(key: string, response: OcspResponse, until: number): void {
    this.#kept.delete(key);
    // The oldest goes first; a Map keeps the order of insertion.
    const [oldest] = this.#kept.size >= MOST_KEPT_ANSWERS ? this.#kept.keys() : [];
    if (oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(key, { response, until });
  }
}

interface Responder {
  readonly address: string;
  /** For record, log and health. */
  readonly name: string;
}

function responderFor({ certificate, policy }: OcspQuestion): Responder | undefined {
  const { responder } = policy.ocsp;
  if (responder !== undefined) return { address: responder, name: responder };
  for (const { accessMethod, accessLocation } of certificate.authorityInfoAccess ?? []) {
    if (accessMethod !== ID_AD_OCSP || accessLocation.kind !== 'uniformResourceIdentifier') continue;
    return { address: accessLocation.value, name: originOf(accessLocation.value) };
  }
  return undefined;
}

/** What goes on record of an address that a certificate names: the rest of it may be the certificate's alone. */
export function originOf(address: string): string {
  const url = URL.parse(address);
  return url === null || url.host === '' ? 'certificate' : `${url.protocol}//${url.host}`;
}

/**
 * Whether nothing came, which may have taken the whole time-out. What did come, be it an error, may concern one certificate
 * alone, and must not keep the others out; what was refused on our side took no time.
 */
function isWithoutAnswer(error: unknown): boolean {
  return error instanceof ServiceError && error.code !== 'FETCH_REFUSED';
}

function codeOf(error: unknown): RevocationCode {
  if (error instanceof RevocationError) return error.code;
  if (error instanceof ServiceError) return 'REVOCATION_UNAVAILABLE';
  throw error;
}
