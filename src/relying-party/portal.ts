/**
 * A portal: a relying party (OpenID Connect Core 1.0) of the public service, as an officer registered it.
 */
import type { LevelOfAssurance } from '../identity/level-of-assurance.ts';
import type { ProtocolMetadata } from './protocol-metadata.ts';

/** A text in the languages that the portal gave; `fr` and `ar` at least for a portal of this region. */
export type LocalizedText = Readonly<Partial<Record<'ar' | 'fr' | 'en' | 'zgh', string>>>;

/** OpenID Connect Core 9; RFC 8705 2; `none` for a portal that cannot keep a secret: an application in the browser. */
export const TOKEN_ENDPOINT_AUTH_METHODS = [
  'private_key_jwt',
  'client_secret_basic',
  'client_secret_post',
  'tls_client_auth',
  'self_signed_tls_client_auth',
  'none',
] as const;
export type TokenEndpointAuthMethod = (typeof TOKEN_ENDPOINT_AUTH_METHODS)[number];

export interface Portal {
  readonly clientId: string;
  readonly name: LocalizedText;
  /** Host name of the sector; portals of one sector see the same `sub` for a person (OpenID Connect Core 8.1). */
  readonly sector: string;
  /** An officer approved that portals of other hosts have the same sector. */
  readonly sharedSector?: true;
  readonly redirectUris: readonly string[];
  readonly tokenEndpointAuthMethod: TokenEndpointAuthMethod;
  /** SHA-256, base64url, of the client secret (256 random bits, shown once at registration). */
  readonly clientSecretHash?: string;
  /** Public keys (RFC 7517): of private_key_jwt, of request objects, of whatever is encrypted for the portal. */
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  /** What the portal registered beside these, under the standard's own names. Absent from older registrations. */
  readonly protocol?: ProtocolMetadata;
  /** FAPI 2.0 Security Profile; none for the basic one. */
  readonly securityProfile?: 'fapi2';
  /** Old clients send no code_challenge; then a nonce protects the code (RFC 9700 2.1.1). */
  readonly requirePkce?: false;
  /** In a sandbox alone: without a nonce either, for the tests of OpenID that send none. */
  readonly requireNonce?: false;
  /** An officer approved that the portal may ask again without the citizen, for as long as the session lives. */
  readonly refreshTokens?: true;
  /** Below it nobody signs in to this portal, whatever it asks for. */
  readonly minimumLevel?: LevelOfAssurance;
  /** The claims that this portal may ask for, and why, as the citizen reads it. */
  readonly claims: readonly string[];
  readonly purpose: LocalizedText;
  readonly status: 'active' | 'suspended';
  /** Epoch seconds. Nothing that was issued to the portal until then counts, nor any earlier sign-in. */
  readonly notBefore?: number;
  readonly registeredAt: Date;
}

export interface PortalChange {
  readonly notBefore: number;
  /** Unless told, it stays as it is. */
  readonly status?: Portal['status'];
}

/** Port. `put` refuses to replace: it says whether the portal was new. */
export interface PortalStore {
  find(clientId: string): Promise<Portal | undefined>;
  put(portal: Portal): Promise<boolean>;
  /** On disk before it resolves; says whether there is such a portal. `notBefore` is only ever raised. */
  change(clientId: string, change: PortalChange): Promise<boolean>;
  list(): Promise<readonly Portal[]>;
}
