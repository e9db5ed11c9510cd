/**
 * A portal: a relying party (OpenID Connect Core 1.0) of the public service, as an officer registered it.
 */

/** A text in the languages that the portal gave; `fr` and `ar` at least for a portal of this region. */
export type LocalizedText = Readonly<Partial<Record<'ar' | 'fr' | 'en' | 'zgh', string>>>;

/** OpenID Connect Core 9. */
export const TOKEN_ENDPOINT_AUTH_METHODS = ['private_key_jwt', 'client_secret_basic'] as const;
export type TokenEndpointAuthMethod = (typeof TOKEN_ENDPOINT_AUTH_METHODS)[number];

export interface Portal {
  readonly clientId: string;
  readonly name: LocalizedText;
  /** Host name of the sector; portals of one sector see the same `sub` for a person (OpenID Connect Core 8.1). */
  readonly sector: string;
  readonly redirectUris: readonly string[];
  readonly tokenEndpointAuthMethod: TokenEndpointAuthMethod;
  /** SHA-256, base64url, of the client secret (256 random bits, shown once at registration). */
  readonly clientSecretHash?: string;
  /** Public keys for private_key_jwt (RFC 7517). */
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  /** The claims that this portal may ask for, and why, as the citizen reads it. */
  readonly claims: readonly string[];
  readonly purpose: LocalizedText;
  readonly status: 'active' | 'suspended';
  readonly registeredAt: Date;
}

/** Port. `put` refuses to replace: it says whether the portal was new. */
export interface PortalStore {
  find(clientId: string): Promise<Portal | undefined>;
  put(portal: Portal): Promise<boolean>;
  list(): Promise<readonly Portal[]>;
}
