/**
 * Suspension of a portal or of a citizen, and its end. Both raise the time from which on things count, so that what was
 * issued before is not revived when the suspension ends; nor what slipped in while processes learned of it.
 */
import type { EndReason } from '../audit/event.ts';
import { notBeforeNow } from '../not-before.ts';
import { type EndedSessions, knownPortal, type SessionPorts, unknownPortal } from './end-sessions.ts';

export interface Suspension {
  /** False where it stood so already; then nothing was done, nor recorded. */
  readonly isChanged: boolean;
}

/** @throws OnboardingError PORTAL_UNKNOWN; ServiceError AUDIT_UNAVAILABLE, STORE_UNAVAILABLE */
export async function changePortalStatus(
  clientId: string,
  status: 'active' | 'suspended',
  reason: EndReason,
  ports: SessionPorts,
): Promise<Suspension> {
  const before = await knownPortal(clientId, ports);
  const owner = { kind: 'portal', clientId } as const;
  if (before.status === status) {
    return status === 'suspended' ? stillSuspended(owner, before.notBefore, ports) : { isChanged: false };
  }
  const notBefore = notBeforeNow(ports.clock);
  await ports.audit.append({
    type: status === 'suspended' ? 'portal.suspended' : 'portal.resumed',
    clientId,
    reason,
    notBefore: new Date(notBefore * 1000).toISOString(),
  });
  if (!(await ports.portals.change(clientId, { notBefore, status }))) throw unknownPortal();
  return changed({ owner, notBefore }, ports);
}

/** @throws ServiceError AUDIT_UNAVAILABLE, STORE_UNAVAILABLE */
export async function changeCitizenSuspension(
  accountId: string,
  isSuspended: boolean,
  reason: EndReason,
  ports: SessionPorts,
): Promise<Suspension> {
  const before = await ports.standings.find(accountId);
  const owner = { kind: 'citizen', accountId } as const;
  if ((before?.isSuspended ?? false) === isSuspended) {
    return isSuspended ? stillSuspended(owner, before?.notBefore, ports) : { isChanged: false };
  }
  const notBefore = notBeforeNow(ports.clock);
  await ports.audit.append({
    type: isSuspended ? 'citizen.suspended' : 'citizen.resumed',
    accountId,
    reason,
    notBefore: new Date(notBefore * 1000).toISOString(),
  });
  await ports.standings.change(accountId, { notBefore, isSuspended });
  return changed({ owner, notBefore }, ports);
}

async function changed(ended: EndedSessions, { onEnded }: SessionPorts): Promise<Suspension> {
  await onEnded?.(ended);
  return { isChanged: true };
}

/** Told again all the same: who suspended before may have ended between the two. Since then nobody has signed in. */
async function stillSuspended(
  owner: EndedSessions['owner'],
  notBefore: number | undefined,
  { onEnded }: SessionPorts,
): Promise<Suspension> {
  if (notBefore !== undefined) await onEnded?.({ owner, notBefore });
  return { isChanged: false };
}
