/**
 * The pages of the demonstration portal.
 */
import { type Html, html } from './html.ts';
import { PORTAL_NAME } from './portal-registration.ts';
import type { PortalClaims, SignInFailure } from './portal-relying-party.ts';

export const STYLE_SHEET_PATH = '/portal.css';

function layout(title: string, body: Html, error?: string): string {
  const attribute = error === undefined ? undefined : html` data-error="${error}"`;
  return html`<!DOCTYPE html>
<html lang="en" dir="ltr">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${title} · ${PORTAL_NAME.en}</title>
  <link rel="stylesheet" href="${STYLE_SHEET_PATH}">
</head>
<body${attribute}>
  <header>
    <p class="name">${PORTAL_NAME.en}</p>
    <p class="names"><span lang="fr">${PORTAL_NAME.fr}</span> · <bdi lang="ar" dir="rtl">${PORTAL_NAME.ar}</bdi> · <span lang="zgh">${PORTAL_NAME.zgh}</span></p>
  </header>
  <main>${body}</main>
  <footer><p>Demonstration portal. Nothing that is shown or entered here has any effect.</p></footer>
</body>
</html>
`.markup;
}

export function homePage(): string {
  return layout(
    'Welcome',
    html`
    <h1>Renew your passport</h1>
    <p>To begin, tell us who you are with your electronic identity card. The public identity service checks the card;
      this portal receives your name, date of birth, gender, national number and card, and the proof of them, and only
      after you agree.</p>
    <p class="actions"><a class="button" href="/login" data-action="sign-in">Sign in with your card</a></p>
    <p>The pages of the identity service in:
      <a href="/login?ui_locales=ar" lang="ar" dir="rtl">العربية</a> ·
      <a href="/login?ui_locales=fr" lang="fr">Français</a> ·
      <a href="/login?ui_locales=en" lang="en">English</a> ·
      <a href="/login?ui_locales=zgh" lang="zgh">ⵜⴰⵎⴰⵣⵉⵖⵜ</a></p>`,
  );
}

/** Claims that the table names, in this order; the others follow under their own names. */
const LABELS: Readonly<Record<string, string>> = {
  name: 'Name',
  given_name: 'Given name',
  family_name: 'Family name',
  birthdate: 'Date of birth',
  gender: 'Gender',
  national_id: 'National number',
  document_details: 'Identity document',
  sub: 'Subject identifier (for this portal only)',
  acr: 'Level of assurance (acr)',
  amr: 'Methods (amr)',
  auth_time: 'Card presented at (auth_time)',
  iss: 'Identity provider (iss)',
  verified_claims: 'Proof (verified_claims)',
};

const LANGUAGES: Readonly<Record<string, { readonly name: string; readonly dir: 'ltr' | 'rtl' }>> = {
  ar: { name: 'Arabic', dir: 'rtl' },
  fr: { name: 'French', dir: 'ltr' },
  zgh: { name: 'Tamazight', dir: 'ltr' },
};

export function signedInPage(claims: PortalClaims): string {
  return layout(
    'Signed in',
    html`
    <h1>Your identity</h1>
    <p>This is what the identity service asserted about you, and what the renewal of your passport will use.</p>
    <table>
      <tbody>${inOrder(Object.keys(claims)).map((claim) => claimRow(claim, claims[claim]))}
      </tbody>
    </table>
    <form method="post" action="/logout" data-action="sign-out"><button class="button quiet" type="submit">Sign out of this portal</button></form>
    <p><a href="/logout/everywhere" data-action="sign-out-everywhere">Sign out everywhere</a>: of the identity service, and of every
      portal that you signed in to with this card.</p>`,
  );
}

/** Of this portal: whether the session of the identity service goes on, neither its answer nor its notice says. */
export function signedOutPage(): string {
  return layout(
    'Signed out',
    html`
    <h1>You are signed out</h1>
    <div data-page="signed-out">
      <p>Your session here has ended.</p>
      <p lang="fr">Votre session ici est terminée.</p>
      <p lang="ar" dir="rtl">انتهت جلستكم هنا.</p>
      <p lang="zgh">ⵜⵎⴷⴰ ⵜⵖⵉⵎⵉⵜ ⴷⴰ.</p>
    </div>
    <p class="actions"><a class="button" href="/login" data-action="sign-in">Sign in with your card</a> <a href="/">Back to the start</a></p>`,
  );
}

/** Known claims first; a claim with a language tag stands right after the one without. */
function inOrder(claims: readonly string[]): string[] {
  const order = Object.keys(LABELS);
  const rank = (claim: string): number => {
    const index = order.indexOf(claim.split('#')[0] ?? '');
    return index === -1 ? order.length : index;
  };
  return [...claims].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function claimRow(claim: string, value: unknown): Html {
  const [name = claim, language] = claim.split('#');
  const known = language === undefined ? undefined : LANGUAGES[language];
  const label = `${LABELS[name] ?? name}${language === undefined ? '' : ` (${known?.name ?? language})`}`;
  const attributes = language === undefined ? undefined : html` lang="${language}" dir="${known?.dir ?? 'auto'}"`;
  return html`
        <tr data-claim="${claim}"><th scope="row">${label}</th><td>${
          isStructured(value)
            ? html`<pre>${JSON.stringify(value, undefined, 2)}</pre>`
            : html`<bdi${attributes}>${displayValue(claim, value)}</bdi>`
        }</td></tr>`;
}

function isStructured(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function displayValue(claim: string, value: unknown): string {
  if (claim === 'auth_time' && typeof value === 'number') return new Date(value * 1000).toISOString();
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Sentences for the errors that a citizen can meet; the provider's own description follows them. */
const EXPLANATIONS: Readonly<Record<string, string>> = {
  access_denied: 'The sign-in was not completed: it was cancelled, or your card could not be accepted.',
  temporarily_unavailable: 'The identity service cannot check cards at the moment. Please try again later.',
  provider_unreachable: 'The identity service does not answer. Please try again later.',
  no_sign_in: 'This sign-in has ended, or was begun in another browser.',
  invalid_answer: 'The answer of the identity service could not be verified, so nobody was signed in.',
};

export function failurePage({ error, description }: SignInFailure): string {
  return layout(
    'Not signed in',
    html`
    <h1>You are not signed in</h1>
    <p>${EXPLANATIONS[error] ?? 'The identity service answered with an error, so nobody was signed in.'}</p>
    <dl>
      <dt>Error</dt><dd><code>${error}</code></dd>${
        description === undefined
          ? undefined
          : html`
      <dt>Description</dt><dd><bdi>${description}</bdi></dd>`
      }
    </dl>
    <p class="actions"><a class="button" href="/login" data-action="try-again">Try again</a> <a href="/">Back to the start</a></p>`,
    error,
  );
}

export function notFoundPage(): string {
  return layout('Not found', html`<h1>There is nothing at this address</h1><p><a href="/">Back to the start</a></p>`);
}

export const STYLE_SHEET = `
:root { --ink: #1d2a26; --paper: #fbfaf7; --line: #d8d4c8; --accent: #7a1f2b; --on-accent: #fff; }
* { box-sizing: border-box; }
body { margin: 0; font: 1.125rem/1.6 "Noto Sans", "Noto Sans Arabic", "Noto Sans Tifinagh", system-ui, sans-serif; color: var(--ink); background: var(--paper); }
header { padding: 1.25rem 1.5rem; background: var(--accent); color: var(--on-accent); }
header p { margin: 0 auto; max-inline-size: 43rem; }
.name { font-size: 1.375rem; font-weight: 700; }
.names { font-size: 1rem; }
main { max-inline-size: 46rem; margin-inline: auto; padding: 1.5rem; min-block-size: 60vh; }
h1 { font-size: 1.875rem; line-height: 1.25; margin-block: 1rem; }
a { color: var(--accent); text-underline-offset: .2em; }
.actions { display: flex; flex-wrap: wrap; align-items: center; gap: 1.25rem; margin-block: 1.75rem; }
.button { display: inline-block; padding: .75rem 1.5rem; border: 2px solid var(--accent); border-radius: .375rem; background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; text-decoration: none; cursor: pointer; }
.button.quiet { background: transparent; color: var(--accent); }
:focus-visible { outline: 3px solid #1f5fbf; outline-offset: 3px; }
table { inline-size: 100%; border-collapse: collapse; margin-block: 1.5rem; background: #fff; border: 1px solid var(--line); }
th, td { padding: .625rem .875rem; text-align: start; vertical-align: top; border-block-end: 1px solid var(--line); overflow-wrap: anywhere; }
pre { margin: 0; font: .875rem/1.5 ui-monospace, monospace; white-space: pre-wrap; }
th { inline-size: 40%; font-weight: 600; }
dl { padding: 1rem 1.25rem; background: #fff; border: 1px solid var(--line); border-radius: .375rem; }
dt { font-weight: 600; }
dd { margin: 0 0 .5rem; overflow-wrap: anywhere; }
footer { max-inline-size: 46rem; margin-inline: auto; padding: 1.5rem; font-size: 1rem; border-block-start: 1px solid var(--line); }
`;
