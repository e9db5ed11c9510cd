/**
 * Asks OCSP responders about the certificates of a validated path, by the policy of the issuing CA, at hosts that the
 * configuration allows.
 *
 * An answer is accepted with the nonce of its request before it is kept, and kept until its nextUpdate, its maximum age
 * or the time that the policy sets, whichever is soonest; what another process got counts when it is accepted here too
 * (`ocsp-answers.ts`). Of any number of parallel sign-ins with one card, one asks and all get the answer. What cannot be had is a failure among the evidence: the decision then rests on what else there is.
 * A responder from which nothing came is left alone for a while, in which nobody waits for it.
 */
import { randomBytes } from 'node:crypto';
import { type RevocationCode, RevocationError, ServiceError } from '../errors.ts';
import { acceptOcspResponse, type OcspAcceptance } from '../pki/ocsp.ts';
import { encodeOcspRequest } from '../pki/ocsp-request.ts';
import { type OcspResponse, parseOcspResponse } from '../pki/ocsp-response.ts';
import { DEFAULT_SKEW_SECONDS, type RevocationFailure } from '../pki/revocation.ts';
import { createGuardedFetch, type FetchRules, type GuardedFetch } from './guarded-fetch.ts';
import { keptUntil, type Lasting, type OcspAnswer, type OcspAnswerStore, ocspAnswerKey } from './ocsp-answers.ts';
import { type OcspQuestion, type Responder, responderFor } from './ocsp-question.ts';
import { type OcspResponderState, OcspResponders, type ReportFailure } from './ocsp-responders.ts';

export type AllowedHosts = Pick<FetchRules, 'allowedHosts' | 'privateHosts'>;

export interface OcspSourceOptions extends AllowedHosts {
  readonly clock: () => Date;
  /** As for the decision. */
  readonly skewSeconds?: number | undefined;
  readonly report?: ReportFailure | undefined;
  /** What all processes share. Absent: each keeps its own alone. */
  readonly answers?: OcspAnswerStore | undefined;
  /** For tests. */
  readonly fetch?: GuardedFetch | undefined;
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
  readonly #asking = new Map<string, Promise<OcspResponse | undefined>>();
  readonly #responders: OcspResponders;
  readonly #closing = new AbortController();
  /** Shared answers of before are not used: whoever changes a policy, or starts anew, wants the responder asked. */
  #since: Date;

  constructor(options: OcspSourceOptions) {
    this.#since = options.clock();
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
    this.#since = this.#options.clock();
  }

  /** Never throws for what it cannot get. Nothing when no responder is known. */
  async ask(question: OcspQuestion, at: Date): Promise<OcspFindings> {
    const responder = responderFor(question);
    if (responder === undefined) return { responses: [], failures: [] };
    const key = ocspAnswerKey(question.certificate, question.issuer);
    const kept = this.#kept.get(key);
    if (kept !== undefined && at.getTime() < kept.until) return { responses: [kept.response], failures: [] };
    const failed = (code: RevocationCode): OcspFindings => {
      const last = this.#kept.get(key);
      return {
        responses: last === undefined ? [] : [last.response],
        failures: [{ source: responder.name, code }],
      };
    };
    try {
      const response = await (this.#asking.get(key) ?? this.#start(key, question, responder));
      if (response !== undefined) return { responses: [response], failures: [] };
      return failed(this.#responders.failureOf(responder.name) ?? 'REVOCATION_UNAVAILABLE');
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

  /** Resolves with undefined while the responder is left alone. */
  #start(key: string, question: OcspQuestion, responder: Responder): Promise<OcspResponse | undefined> {
    const { answers } = this.#options;
    const askResponder = () => this.#askResponder(key, question, responder);
    const found = answers && this.#findShared(answers, key, question, responder);
    const asking = (found?.then((shared) => shared ?? askResponder()) ?? askResponder()).finally(() =>
      this.#asking.delete(key),
    );
    this.#asking.set(key, asking);
    return asking;
  }

  async #askResponder(key: string, question: OcspQuestion, responder: Responder): Promise<OcspResponse | undefined> {
    const { clock } = this.#options;
    const pause = this.#responders.pauseOf(responder.name);
    const admitted = pause.admit(clock());
    if (admitted === undefined) return undefined;
    try {
      const response = await this.#request(key, question, responder);
      pause.noteAnswer();
      this.#responders.note(responder.name, undefined);
      return response;
    } catch (error) {
      if (isWithoutAnswer(error)) pause.noteFailure(admitted, clock());
      else pause.noteAnswer();
      this.#responders.note(responder.name, codeOf(error), error);
      throw error;
    }
  }

  /**
   * The answer that another process got, when nobody needs to ask again. Kept also when somebody does: it counts while
   * the responder is silent. What cannot be read or is not accepted is as good as none: the responder is then asked.
   */
  async #findShared(
    answers: OcspAnswerStore,
    key: string,
    question: OcspQuestion,
    { name }: Responder,
  ): Promise<OcspResponse | undefined> {
    const at = this.#options.clock();
    let answer: OcspAnswer | undefined;
    let response: OcspResponse;
    let lasts: Lasting;
    try {
      answer = await answers.find(key, at);
      // One from the future, by the clock of another machine, would be kept for longer than the policy says.
      if (answer === undefined || answer.receivedAt < this.#since || answer.receivedAt > at) return undefined;
      response = parseOcspResponse(answer.response, name);
      lasts = this.#accept(response, question, answer.nonce);
    } catch {
      return undefined;
    }
    // What this process knows may be newer: nobody who was revoked is good again because another one asked earlier.
    const kept = this.#kept.get(key);
    if (kept !== undefined && response.producedAt < kept.response.producedAt) return undefined;
    const until = keptUntil(lasts, answer.receivedAt.getTime(), question.policy);
    this.#keep(key, response, until);
    return at.getTime() < until ? response : undefined;
  }

  /** A store that cannot keep it costs the others a question, and this one nothing. */
  async #share(answer: OcspAnswer): Promise<void> {
    await this.#options.answers?.put(answer).catch(() => undefined);
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
    const lasts = this.#acceptOrRemember(key, response, question, nonce);
    const receivedAt = this.#options.clock();
    this.#keep(key, response, keptUntil(lasts, receivedAt.getTime(), policy));
    if (lasts.until !== undefined) {
      const expiresAt = new Date(lasts.until);
      await this.#share({ key, response: body, ...(nonce && { nonce }), receivedAt, expiresAt });
    }
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
   * As `#accept`. An answer that is refused for its age alone is remembered all the same, and so is one without the nonce
   * that says revoked: nobody is good by either, and whoever it says is revoked is not let in by an exception.
   */
  #acceptOrRemember(
    key: string,
    response: OcspResponse,
    question: OcspQuestion,
    nonce: Uint8Array | undefined,
  ): Lasting {
    try {
      return this.#accept(response, question, nonce);
    } catch (error) {
      const clause = error instanceof RevocationError ? error.detail.clause : undefined;
      const counts =
        clause === '3.2 (5), (6)' ||
        (clause === '4.4.1' && this.#answerOf(response, question, { isAgeIgnored: true }).status === 'revoked');
      const last = this.#kept.get(key)?.response;
      if (counts && (last === undefined || last.producedAt <= response.producedAt)) {
        this.#keep(key, response, Number.NEGATIVE_INFINITY);
      }
      throw error;
    }
  }

  /**
   * Accepts the answer as far as it can be without the CRLs, which the decision then adds for the delegate.
   * @throws RevocationError with the code of what is wrong with it
   */
  #accept(response: OcspResponse, question: OcspQuestion, nonce: Uint8Array | undefined): Lasting {
    const answer = this.#answerOf(response, question, { nonce });
    const { maxAgeSeconds } = question.policy;
    if (answer.status === 'unknown') {
      // That the issuer does not know the certificate is evidence, and may change at any time.
      if (answer.answered) return { until: undefined };
      throw new RevocationError(answer.code, 'the OCSP response is not accepted', {
        detail: { clause: answer.clause },
      });
    }
    const { thisUpdate, nextUpdate } = answer.single;
    const until = Math.min(
      nextUpdate?.getTime() ?? Number.POSITIVE_INFINITY,
      thisUpdate.getTime() + (maxAgeSeconds ?? Number.POSITIVE_INFINITY) * 1000,
    );
    return { until };
  }

  #answerOf(
    response: OcspResponse,
    { certificate, issuer, policy }: OcspQuestion,
    demands: Pick<OcspAcceptance, 'nonce' | 'isAgeIgnored'>,
  ): ReturnType<typeof acceptOcspResponse> {
    const { maxAgeSeconds, ocsp } = policy;
    return acceptOcspResponse(response, certificate, issuer, {
      at: this.#options.clock(),
      maxAgeSeconds,
      skewSeconds: this.#options.skewSeconds ?? DEFAULT_SKEW_SECONDS,
      algorithms: 'default',
      ...demands,
      pinnedResponders: ocsp.pinnedResponders,
      statusOfDelegate: () => 'good',
    });
  }

  #keep(key: string, response: OcspResponse, until: number): void {
    this.#kept.delete(key);
    // The oldest goes first; a Map keeps the order of insertion.
    const [oldest] = this.#kept.size >= MOST_KEPT_ANSWERS ? this.#kept.keys() : [];
    if (oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(key, { response, until });
  }
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
