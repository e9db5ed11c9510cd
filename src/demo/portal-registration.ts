/**
 * How the demonstration portal is registered: the document that `thiqa portal register` reads, and the key by which the
 * portal proves who it is (private_key_jwt, OpenID Connect Core 9).
 */
import { createPrivateKey, createPublicKey, type JsonWebKey } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';

export const PORTAL_CLIENT_ID = 'passport-renewal';

/** The name of the portal as citizens read it; by the form of `LocalizedText`. */
export const PORTAL_NAME = {
  ar: 'تجديد جواز السفر',
  fr: 'Renouvellement du passeport',
  en: 'Passport renewal',
  zgh: 'ⴰⵙⵎⴰⵢⵏⵓ ⵏ ⵡⴰⵔⵔⴰ ⵏ ⵓⵣⵔⴰⵢ',
} as const;

const PURPOSE = {
  ar: 'ملء طلب تجديد جواز السفر بهويتكم كما تثبتها بطاقتكم.',
  fr: 'Remplir votre demande de renouvellement de passeport avec votre identité, telle que votre carte l’atteste.',
  en: 'To fill in your application for a new passport with your identity as your card proves it.',
  zgh: 'ⵜⵉⵔⵔⴰ ⵏ ⵜⵓⵜⵜⵔⴰ ⵏ ⵡⴰⵔⵔⴰ ⵏ ⵓⵣⵔⴰⵢ ⴰⵎⴰⵢⵏⵓ ⵙ ⵜⴰⵎⴰⴳⵉⵜ ⵏⵏⴰ ⵜⵙⴽⵏ ⵜⴽⴰⵕⴹⴰ.',
} as const;

/** Host name of the portal's sector; invented, under the top-level domain for examples. */
const SECTOR = 'passport.thiqa.example';

/** The path to which the provider sends the citizen back. */
export const CALLBACK_PATH = '/callback';
/** And the one after a sign-out. */
export const SIGNED_OUT_PATH = '/signed-out';
/** Where the provider tells, without the citizen's browser, that a session has ended. */
export const BACK_CHANNEL_LOGOUT_PATH = '/back-channel-logout';

/** The public half of the portal's key as registered, its thumbprint (RFC 7638) as key identifier. */
export async function publicPortalKey(privateKeyJwk: JsonWebKey): Promise<JsonWebKey & { kid: string }> {
  const jwk = createPublicKey(createPrivateKey({ key: privateKeyJwk, format: 'jwk' })).export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint({ ...jwk, kty: 'EC' });
  return { ...jwk, kid, use: 'sig', alg: 'ES256' };
}

/** The registration document of the demonstration portal at `portalUrl`. */
export async function portalRegistration(portalUrl: URL, privateKeyJwk: JsonWebKey) {
  return {
    client_id: PORTAL_CLIENT_ID,
    name: PORTAL_NAME,
    sector: SECTOR,
    redirect_uris: [new URL(CALLBACK_PATH, portalUrl).href],
    post_logout_redirect_uris: [new URL(SIGNED_OUT_PATH, portalUrl).href],
    backchannel_logout_uri: new URL(BACK_CHANNEL_LOGOUT_PATH, portalUrl).href,
    backchannel_logout_session_required: true,
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [await publicPortalKey(privateKeyJwk)] },
    claims: [
      ...['name', 'given_name', 'family_name', 'birthdate', 'gender', 'national_id', 'document_details'],
      // What a decision about a passport rests on, for whoever must show it later.
      ...['verified_claims', 'verified_claims.document', 'verified_claims.electronic_signature'],
      ...['verified_claims.certificate', 'verified_claims.revocation'],
    ],
    purpose: PURPOSE,
  };
}
