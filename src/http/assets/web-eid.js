/**
 * The page's side of Web eID: shows the way that needs this script, and speaks the messages of the browser extension
 * (https://github.com/web-eid/web-eid-system-architecture-doc, "Web eID JavaScript library"). It decides nothing: what
 * the extension answers goes to the service as it is, and every text stands in the page, in the page's language.
 *
 * Messages travel on the page's own window. Only those of this window and this origin count, and only while the question
 * that they answer is open: what comes later is not heard.
 */

/** The version of the messages; extensions compare its first number with their own. */
const LIBRARY_VERSION = '2.0.2';
const ACKNOWLEDGE_WITHIN_MS = 1000;
/** The extension starts the application and asks for its version. */
const STATUS_WITHIN_MS = ACKNOWLEDGE_WITHIN_MS + 5000;
/** What the citizen has for the PIN; the extension then gives up by itself, and says so. */
const USER_INTERACTION_MS = 120_000;
const TOKEN_WITHIN_MS = USER_INTERACTION_MS + 10_000;
const CHALLENGE_WITHIN_MS = 15_000;

/** Which text of the page tells of a code; every other code is `failed`. */
const MESSAGE_OF_CODE = {
  ERR_WEBEID_EXTENSION_UNAVAILABLE: 'not-installed',
  ERR_WEBEID_NATIVE_UNAVAILABLE: 'application-unavailable',
  ERR_WEBEID_VERSION_MISMATCH: 'version',
  ERR_WEBEID_VERSION_INVALID: 'version',
  ERR_WEBEID_USER_CANCELLED: 'cancelled',
  ERR_WEBEID_USER_TIMEOUT: 'timed-out',
  ERR_WEBEID_ACTION_TIMEOUT: 'no-answer',
  ERR_WEBEID_ACTION_PENDING: 'pending',
  ERR_WEBEID_CONTEXT_INSECURE: 'insecure',
  CHALLENGE_FAILED: 'not-begun',
};
const UNKNOWN_CODE = 'ERR_WEBEID_UNKNOWN_ERROR';

class AttemptFailure extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

const way = document.querySelector('[data-way="web-eid"]');
const form = way.querySelector('form');
const button = form.querySelector('button');
const progress = way.querySelector('[data-progress]');
let underWay = false;

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (!underWay) attempt();
});
// A page that comes back from the history is as it was left: at work.
window.addEventListener('pageshow', (event) => {
  if (event.persisted) finish();
});
way.hidden = false;

async function attempt() {
  underWay = true;
  // Not `disabled`, which would take the focus away.
  button.setAttribute('aria-disabled', 'true');
  try {
    tell('looking');
    if (!window.isSecureContext) throw new AttemptFailure('ERR_WEBEID_CONTEXT_INSECURE');
    await ask('web-eid:status', {}, STATUS_WITHIN_MS);
    const challengeNonce = await fetchChallenge();
    tell('waiting');
    const options = { lang: document.documentElement.lang, userInteractionTimeout: USER_INTERACTION_MS };
    const { action: _action, ...token } = await ask(
      'web-eid:authenticate',
      { challengeNonce, options },
      TOKEN_WITHIN_MS,
    );
    tell('checking');
    form.elements.namedItem('nonce').value = challengeNonce;
    form.elements.namedItem('token').value = JSON.stringify(token);
    form.submit();
  } catch (error) {
    finish();
    const code = error instanceof AttemptFailure ? error.code : UNKNOWN_CODE;
    tell(Object.hasOwn(MESSAGE_OF_CODE, code) ? MESSAGE_OF_CODE[code] : 'failed', code);
  }
}

function finish() {
  underWay = false;
  button.removeAttribute('aria-disabled');
  progress.replaceChildren();
}

/** Shows a text of the page in the region that screen readers follow. */
function tell(message, code) {
  const text = way.querySelector(`template[data-message="${message}"]`).content.cloneNode(true);
  const place = text.querySelector('[data-error-code]');
  if (place !== null) place.textContent = code;
  progress.replaceChildren(text);
}

/** Asked for at the click, so that it is fresh; the answer also sets the cookie that binds the attempt to this browser. */
async function fetchChallenge() {
  try {
    const answer = await fetch(`${form.action}/challenge`, {
      method: 'POST',
      headers: { Accept: 'application/json' },
      credentials: 'same-origin',
      redirect: 'error',
      signal: AbortSignal.timeout(CHALLENGE_WITHIN_MS),
    });
    const { nonce } = answer.ok ? await answer.json() : {};
    if (typeof nonce === 'string') return nonce;
  } catch {
    // No connection, no answer in time, or one that is no JSON: told below, as one thing.
  }
  throw new AttemptFailure('CHALLENGE_FAILED');
}

/** One question to the extension: acknowledged within a second, answered within `withinMs`, or failed with a code. */
function ask(action, question, withinMs) {
  return new Promise((resolve, reject) => {
    const settle = (conclude, value) => {
      window.removeEventListener('message', hear);
      clearTimeout(acknowledgeTimer);
      clearTimeout(answerTimer);
      conclude(value);
    };
    const failLater = (code, ms) => setTimeout(() => settle(reject, new AttemptFailure(code)), ms);
    const hear = ({ source, origin, data }) => {
      if (source !== window || origin !== window.location.origin) return;
      if (data?.action === `${action}-ack`) clearTimeout(acknowledgeTimer);
      if (data?.action === `${action}-success`) settle(resolve, data);
      if (data?.action === `${action}-failure`) {
        settle(reject, new AttemptFailure(String(data.error?.code ?? UNKNOWN_CODE)));
      }
    };
    const acknowledgeTimer = failLater('ERR_WEBEID_EXTENSION_UNAVAILABLE', ACKNOWLEDGE_WITHIN_MS);
    const answerTimer = failLater('ERR_WEBEID_ACTION_TIMEOUT', withinMs);
    window.addEventListener('message', hear);
    window.postMessage({ action, libraryVersion: LIBRARY_VERSION, ...question }, window.location.origin);
  });
}
