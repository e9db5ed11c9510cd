/**
 * What an officer may end at once: everybody's sessions and what was issued in them, those with one portal, those of one
 * citizen (S28). It is on record before it counts: an end without its record must not exist, a record without its end may,
 * when the store fails between the two; the command then fails, and is repeated.
 */
import type { AuditLog } from '../audit/audit-log.ts';
import type { EndReason } from '../audit/event.ts';
import type { StandingStore } from '../citizen/standing.ts';
import type { Clock } from '../clock.ts';
import { OnboardingError } from '../errors.ts';
import { type NotBeforeStore, notBeforeNow } from '../not-before.ts';
import type { Portal, PortalStore } from '../relying-party/portal.ts';

export type SessionOwner =
  | { readonly kind: 'everybody' }
  | { readonly kind: 'portal'; readonly clientId: string }
  | { readonly kind: 'citizen'; readonly accountId: string };

export interface EndedSessions {
  readonly owner: SessionOwner;
  /** Epoch seconds: the sessions of until then. */
  readonly notBefore: number;
}

export interface SessionPorts {
  readonly notBefore: NotBeforeStore;
  readonly portals: Pick<PortalStore, 'find' | 'change'>;
  readonly standings: StandingStore;
  readonly audit: AuditLog;
  readonly clock: Clock;
  /**
   * Told once the sessions count no longer, for whoever must know of it: the portals that citizens were signed in to. Told
   * again when a command is repeated.
   */
  readonly onEnded?: ((ended: EndedSessions) => Promise<void>) | undefined;
}

/**
 * Nothing that was issued until now, and no earlier sign-in, counts any more, in any process after a tenth of a second.
 * @throws OnboardingError PORTAL_UNKNOWN; ServiceError AUDIT_UNAVAILABLE, STORE_UNAVAILABLE
 */
export async function endSessions(owner: SessionOwner, reason: EndReason, ports: SessionPorts): Promise<EndedSessions> {
  if (owner.kind === 'portal') await knownPortal(owner.clientId, ports);
  const notBefore = notBeforeNow(ports.clock);
  await ports.audit.append({
    type: 'sessions.ended',
    reason,
    notBefore: new Date(notBefore * 1000).toISOString(),
    ...(owner.kind === 'portal' && { clientId: owner.clientId }),
    ...(owner.kind === 'citizen' && { accountId: owner.accountId }),
  });
  switch (owner.kind) {
    case 'everybody':
      await ports.notBefore.raise(notBefore);
      break;
    case 'portal':
      if (!(await ports.portals.change(owner.clientId, { notBefore }))) throw unknownPortal();
      break;
    case 'citizen':
      await ports.standings.change(owner.accountId, { notBefore });
      break;
  }
  const ended = { owner, notBefore };
  await ports.onEnded?.(ended);
  return ended;
}

/** @throws OnboardingError PORTAL_UNKNOWN */
export async function knownPortal(clientId: string, { portals }: Pick<SessionPorts, 'portals'>): Promise<Portal> {
  const portal = await portals.find(clientId);
  if (portal === undefined) throw unknownPortal();
  return portal;
}

export function unknownPortal(): OnboardingError {
  return new OnboardingError('PORTAL_UNKNOWN', 'no portal has this client_id');
}
