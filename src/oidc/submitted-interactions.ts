/**
 * What a citizen has done in an interaction, until oidc-provider resumes the authorization request: within one request of
 * the browser, so that nothing of it is stored, and nobody else can resume with it.
 */
import type { IncomingMessage } from 'node:http';
import type { AdapterPayload } from 'oidc-provider';

export class SubmittedInteractions {
  readonly #ofRequest = new WeakMap<IncomingMessage, { readonly uid: string; readonly payload: AdapterPayload }>();

  /** @param payload of the interaction with its result, as oidc-provider would store it */
  put(request: IncomingMessage, uid: string, payload: AdapterPayload): void {
    this.#ofRequest.set(request, { uid, payload });
  }

  /** The interaction of this uid, if it is what this request has submitted. */
  find(request: IncomingMessage | undefined, uid: string): AdapterPayload | undefined {
    const submitted = request && this.#ofRequest.get(request);
    return submitted?.uid === uid ? submitted.payload : undefined;
  }
}
