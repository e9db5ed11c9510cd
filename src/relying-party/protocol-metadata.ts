/**
 * The protocol members of a registration, under the names of the standards that define them: OpenID Connect Dynamic
 * Client Registration 1.0, RFC 7591, RFC 8705, RFC 9101, RFC 9126, RFC 9449, JARM, RP-Initiated and Back-Channel Logout.
 *
 * What has no key here cannot be asked for. Symmetric algorithms and `none` never: a signature that the portal could
 * make itself proves nothing to a third party.
 */
import { z } from 'zod';
import { isSubject, type SubjectMember } from '../client-authentication/registered-subject.ts';
import { browserAddress, httpsAddress } from './registered-address.ts';

/** What the running service is able to do, as far as a registration depends on it. */
export interface ServiceAbilities {
  /** The JWS algorithms for which it has a key. */
  readonly signingAlgorithms: readonly string[];
  /** It asks portals for a certificate (RFC 8705). */
  readonly mutualTls: boolean;
  /** It has CAs that issue the certificates of portals (RFC 8705 2.1). */
  readonly portalAuthorities: boolean;
  /** No citizen relies on it. */
  readonly isSandbox: boolean;
}

/** With which anybody signs here, service and portal: those of the FAPI 2.0 Security Profile, 5.4.1. */
export const SIGNING_ALGORITHMS = ['ES256', 'PS256', 'EdDSA'] as const;
/** For ID tokens and userinfo also the one that every client of OpenID Connect knows (Core 15.1), where there is a key for it. */
export const ASSERTION_SIGNING_ALGORITHMS = [...SIGNING_ALGORITHMS, 'RS256'] as const;
export const KEY_MANAGEMENT_ALGORITHMS = ['RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A256KW'] as const;
export const CONTENT_ENCRYPTION_ALGORITHMS = ['A256GCM'] as const;
export const RESPONSE_MODES = [
  'query',
  'fragment',
  'form_post',
  'jwt',
  'query.jwt',
  'fragment.jwt',
  'form_post.jwt',
] as const;

/** What may be encrypted for a portal; each has the members `..._signed_response_alg`, `..._encrypted_response_alg`, `..._enc`. */
export const RESPONSES = ['id_token', 'userinfo', 'authorization', 'introspection'] as const;

const YEAR_SECONDS = 31_536_000;
const subject = (member: SubjectMember) =>
  z
    .string()
    .max(1000)
    .refine((text) => isSubject(member, text), 'no certificate can carry this name');
const keyManagement = z.enum(KEY_MANAGEMENT_ALGORITHMS);
const contentEncryption = z.enum(CONTENT_ENCRYPTION_ALGORITHMS);
const signedByPortal = z.enum(SIGNING_ALGORITHMS);

export function protocolMembers({ signingAlgorithms }: Pick<ServiceAbilities, 'signingAlgorithms'>) {
  const withKey = <T extends string>(algorithms: readonly T[]) =>
    z
      .enum(algorithms)
      .refine(
        (algorithm) => signingAlgorithms.includes(algorithm),
        `this service has a key for ${signingAlgorithms.join(', ')} alone`,
      );
  const signedByService = withKey(SIGNING_ALGORITHMS);
  const assertion = withKey(ASSERTION_SIGNING_ALGORITHMS);
  return {
    response_types: z.tuple([z.literal('code')]).optional(),
    grant_types: z
      .array(z.enum(['authorization_code', 'refresh_token']))
      .refine((types) => types.includes('authorization_code'), 'authorization_code is needed')
      .optional(),
    response_modes: z.array(z.enum(RESPONSE_MODES)).min(1).optional(),
    subject_type: z.literal('pairwise').optional(),
    sector_identifier_uri: httpsAddress.optional(),
    jwks_uri: httpsAddress.optional(),

    token_endpoint_auth_signing_alg: signedByPortal.optional(),
    tls_client_auth_subject_dn: subject('tls_client_auth_subject_dn').optional(),
    tls_client_auth_san_dns: subject('tls_client_auth_san_dns').optional(),
    tls_client_auth_san_uri: subject('tls_client_auth_san_uri').optional(),
    tls_client_auth_san_ip: subject('tls_client_auth_san_ip').optional(),
    tls_client_auth_san_email: subject('tls_client_auth_san_email').optional(),
    dpop_bound_access_tokens: z.boolean().optional(),
    tls_client_certificate_bound_access_tokens: z.boolean().optional(),
    require_pushed_authorization_requests: z.boolean().optional(),

    id_token_signed_response_alg: assertion.optional(),
    id_token_encrypted_response_alg: keyManagement.optional(),
    id_token_encrypted_response_enc: contentEncryption.optional(),
    userinfo_signed_response_alg: assertion.optional(),
    userinfo_encrypted_response_alg: keyManagement.optional(),
    userinfo_encrypted_response_enc: contentEncryption.optional(),
    authorization_signed_response_alg: signedByService.optional(),
    authorization_encrypted_response_alg: keyManagement.optional(),
    authorization_encrypted_response_enc: contentEncryption.optional(),
    introspection_signed_response_alg: signedByService.optional(),
    introspection_encrypted_response_alg: keyManagement.optional(),
    introspection_encrypted_response_enc: contentEncryption.optional(),

    request_object_signing_alg: signedByPortal.optional(),
    require_signed_request_object: z.boolean().optional(),

    default_max_age: z.int().min(0).max(YEAR_SECONDS).optional(),
    require_auth_time: z.boolean().optional(),
    initiate_login_uri: httpsAddress.optional(),
    post_logout_redirect_uris: z.array(browserAddress).max(20).optional(),
    backchannel_logout_uri: browserAddress.optional(),
    backchannel_logout_session_required: z.boolean().optional(),
    client_uri: httpsAddress.optional(),
    logo_uri: httpsAddress.optional(),
    policy_uri: httpsAddress.optional(),
    tos_uri: httpsAddress.optional(),
  };
}

type Members = z.output<z.ZodObject<ReturnType<typeof protocolMembers>>>;

/** Only what the portal registered is there. */
export type ProtocolMetadata = { readonly [M in keyof Members]?: Exclude<Members[M], undefined> };

const NAMES = Object.keys(protocolMembers({ signingAlgorithms: [] })) as (keyof ProtocolMetadata)[]; // the keys of that object

/** The protocol members of a checked registration document. */
export function protocolMetadata(document: Members): ProtocolMetadata {
  return Object.fromEntries(NAMES.flatMap((name) => (document[name] === undefined ? [] : [[name, document[name]]])));
}
