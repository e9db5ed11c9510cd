/**
 * Stands where the Web eID extension would: hears the page's messages on its own window and answers them as the
 * extension does, with a virtual card of the demonstration.
 */
import { createReader, ReaderFailure } from './card-reader.js';

const APP_VERSION = 'virtual-card/1.0.0';
const VERSION = '2.0.0';
const DEFAULT_USER_INTERACTION_MS = 120_000;
/** What the specification allows for a nonce, in characters. */
const SHORTEST_NONCE = 44;
const LONGEST_NONCE = 128;

let reader;
let underWay = false;

window.addEventListener('message', ({ source, origin, data }) => {
  if (source !== window || origin !== window.location.origin) return;
  if (data?.action === 'web-eid:status') {
    answer('web-eid:status-ack');
    answer('web-eid:status-success', { library: data.libraryVersion, extension: VERSION, nativeApp: VERSION });
  }
  if (data?.action === 'web-eid:authenticate') {
    answer('web-eid:authenticate-ack');
    authenticate(data);
  }
});

async function authenticate({ challengeNonce, options }) {
  try {
    answer('web-eid:authenticate-success', await makeToken(challengeNonce, options ?? {}));
  } catch (error) {
    const code = error instanceof ReaderFailure ? error.code : 'ERR_WEBEID_UNKNOWN_ERROR';
    answer('web-eid:authenticate-failure', { error: { code, message: String(error?.message ?? error) } });
  }
}

async function makeToken(nonce, { lang, userInteractionTimeout = DEFAULT_USER_INTERACTION_MS }) {
  if (typeof nonce !== 'string' || nonce.length < SHORTEST_NONCE || nonce.length > LONGEST_NONCE)
    throw new ReaderFailure('ERR_WEBEID_NATIVE_INVALID_ARGUMENT');
  if (underWay) throw new ReaderFailure('ERR_WEBEID_ACTION_PENDING');
  underWay = true;
  try {
    reader ??= createReader(await fetchMarkup(lang));
    const { certificate, signature } = await reader.sign(window.location.origin, nonce, userInteractionTimeout);
    return {
      unverifiedCertificate: certificate,
      algorithm: 'ES256',
      signature,
      format: 'web-eid:1.0',
      appVersion: APP_VERSION,
    };
  } finally {
    underWay = false;
  }
}

/** The cards, with their keys under the PIN, in the language of the page. */
async function fetchMarkup(lang) {
  const address = new URL('./dialogue', import.meta.url);
  if (lang !== undefined) address.searchParams.set('lang', lang);
  const response = await fetch(address, { credentials: 'omit' }).catch(() => undefined);
  if (response?.ok !== true) throw new ReaderFailure('ERR_WEBEID_NATIVE_UNAVAILABLE');
  return response.text();
}

function answer(action, content = {}) {
  window.postMessage({ action, ...content }, window.location.origin);
}
