/**
 * The grant remembers the sign-in that it was given in, so that whatever it yields, now or by a refresh token later,
 * tells of that sign-in and of no other.
 */
import type { Provider } from 'oidc-provider';

type StoredGrant = InstanceType<Provider['Grant']>;

const MEMBER = 'signedInAt';

/** Makes oidc-provider keep one member more with its grants. Called once for each provider, before it is used. */
export function rememberSignIns({ Grant }: Provider): void {
  const members = [...Grant.IN_PAYLOAD, MEMBER];
  Object.defineProperty(Grant, 'IN_PAYLOAD', { get: () => members });
}

/** @param signedInAt epoch seconds */
export function bindGrant(grant: object, signedInAt: number): void {
  Object.assign(grant, { [MEMBER]: signedInAt });
}

/** In all but its name and its time. */
export function isSameGrant(one: StoredGrant, other: StoredGrant): boolean {
  return contentOf(one) === contentOf(other);
}

function contentOf(grant: StoredGrant): string {
  const { accountId, clientId, openid, rejected } = grant;
  const claims = [openid?.claims ?? [], rejected?.openid?.claims ?? []];
  return JSON.stringify([accountId, clientId, openid?.scope, claims, signInOfGrant(grant)]);
}

/** Undefined for a grant that no citizen consented to. */
export function signInOfGrant(grant: object): number | undefined {
  const signedInAt: unknown = Object.getOwnPropertyDescriptor(grant, MEMBER)?.value;
  return typeof signedInAt === 'number' ? signedInAt : undefined;
}
